/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * site.h - what surrounds the node's VMs: rules of the datacenter, firewall, net, clock
 *
 * Only check and init ask for it, but for the switches and the CPU models.  The parsers cut up
 * their text, pass over lines that make no sense, and add to a site that site_init() made.
 */
#ifndef SITE_H
#define SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/strvec.h"

/* A net that the node is in without a router between, by the kernel's routes. */
struct site_net {
	char *interface;	/* "vmbr0" */
	struct address net;	/* "192.168.64.0/20" */
};

struct site {
	unsigned first_id, end_id;	/* next-id: whence Proxmox gives ids; end_id is beyond */
	bool case_sensitive;		/* tag-style: K3s and k3s are two tags */
	bool firewall, host_firewall;	/* is it on, for the datacenter and for the node itself? */
	bool clock_is_set;		/* NTP holds it */
	struct strvec addresses;	/* the node's own, IPv4, without 127.0.0.0/8 */
	struct site_net *nets;
	size_t net_count;
	char *uplink;			/* the interface of the IPv4 default route, or NULL */
	struct address gateway;		/* that route's; only with an uplink */
	unsigned long uplink_metric;
};

/* What holds where no file says anything. */
void site_init(struct site *site);
void site_release(struct site *site);

/* /etc/pve/datacenter.cfg */
void site_parse_datacenter(char *text, struct site *site);

/* enable in [OPTIONS] of a cluster.fw or host.fw; enabled stays where it is not said. */
void site_parse_firewall(char *text, bool *enabled);

/* /proc/net/route */
void site_parse_routes(char *text, struct site *site);

/* /proc/net/fib_trie */
void site_parse_addresses(char *text, struct site *site);

/*
 * The bridges of an Open vSwitch in /etc/network/interfaces, as Proxmox writes them, each
 * once: where it tells of them is there alone.
 */
void site_parse_switches(char *text, struct strvec *bridges);

/* Names of the CPU models in /etc/pve/virtual-guest/cpu-models.conf, without custom-. */
void site_parse_cpu_models(char *text, struct strvec *models);

/* The first net on that interface, or NULL. */
const struct site_net *site_find_net(const struct site *site, const char *interface);

#endif
