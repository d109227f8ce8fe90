/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key_check.h - is this text a good value?
 *
 * Every function takes one value (or one item of a list) as written and returns
 * 0, or -1 with a text that says what is wrong and what would do.  The limits
 * are Proxmox's own (pve-facts 2.4, 9.3) where it has any.
 */
#ifndef KEY_CHECK_H
#define KEY_CHECK_H

struct error;

/* names */
int key_check_dns_name(const char *text, struct error *err);
int key_check_host_name(const char *text, struct error *err);
int key_check_nic(const char *text, struct error *err);
int key_check_identifier(const char *text, struct error *err);
int key_check_storage(const char *text, struct error *err);
int key_check_bridge(const char *text, struct error *err);
int key_check_user(const char *text, struct error *err);
int key_check_tag(const char *text, struct error *err);
int key_check_package(const char *text, struct error *err);

/* the net */
int key_check_mac(const char *text, struct error *err);
int key_check_guest_address(const char *text, struct error *err);
int key_check_guest_address6(const char *text, struct error *err);
int key_check_ip6(const char *text, struct error *err);
int key_check_cidr(const char *text, struct error *err);
int key_check_ip(const char *text, struct error *err);
int key_check_node_address(const char *text, struct error *err);

/* hardware */
int key_check_nic_model(const char *text, struct error *err);
int key_check_cpu(const char *text, struct error *err);
int key_check_cpu_flag(const char *text, struct error *err);
int key_check_cpuset(const char *text, struct error *err);
int key_check_cache(const char *text, struct error *err);
int key_check_aio(const char *text, struct error *err);
int key_check_machine(const char *text, struct error *err);
int key_check_viommu(const char *text, struct error *err);
int key_check_bios(const char *text, struct error *err);
int key_check_serial(const char *text, struct error *err);
int key_check_vga(const char *text, struct error *err);
int key_check_rng(const char *text, struct error *err);
int key_check_hotplug(const char *text, struct error *err);
int key_check_agent_type(const char *text, struct error *err);

/* cloud-init, notes, and what vyom has no key for */
int key_check_password_hash(const char *text, struct error *err);
int key_check_snippet(const char *text, struct error *err);
int key_check_snippet_name(const char *text, struct error *err);
int key_check_note_line(const char *text, struct error *err);
int key_check_option(const char *text, struct error *err);

/* the rest */
int key_check_whole_mib(const char *text, struct error *err);
int key_check_clone(const char *text, struct error *err);
int key_check_wait(const char *text, struct error *err);
int key_check_pool(const char *text, struct error *err);
int key_check_key_file(const char *text, struct error *err);
int key_check_vmid_range(const char *text, struct error *err);
int key_check_image(const char *text, struct error *err);
int key_check_url(const char *text, struct error *err);
int key_check_file_pair(const char *text, struct error *err);
int key_check_line(const char *text, struct error *err);
int key_check_absolute(const char *text, struct error *err);
int key_check_sha256(const char *text, struct error *err);

#endif
