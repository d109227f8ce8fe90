/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec_conf.h - read vyom.conf (libconfuse)
 */
#ifndef SPEC_CONF_H
#define SPEC_CONF_H

struct error;
struct spec;
struct spec_problems;
struct strbuf;

/*
 * Read the file at path ("-": stdin) into spec, and the key files that it names
 * (a relative name is relative to the config's folder), and run spec_check.
 * All that is wrong with its contents goes to problems; 0 then too, and the
 * caller must look.  -1 only if the file itself could not be read, or is not one to
 * trust (base/file.h).
 */
int spec_conf_read(struct spec *spec, const char *path, struct spec_problems *problems,
		   struct error *err);

/*
 * Only the reading of text (which is overwritten): its sections and values go
 * to spec; no key file is opened, spec_check is not called.  -1 if libconfuse
 * had something to say that spec_scan should have said, which is a problem too.
 */
int spec_conf_parse(struct spec *spec, struct strbuf *text, struct spec_problems *problems);

#endif
