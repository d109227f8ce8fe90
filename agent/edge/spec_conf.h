/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spec_conf.h - read vyom.conf (libconfuse)
 */
#ifndef SPEC_CONF_H
#define SPEC_CONF_H

struct bundle;
struct error;
struct spec;
struct spec_includer;
struct spec_problems;
struct strbuf;

/*
 * Read bundle's config into spec, the files that it includes, and the files of keys and
 * snippets that they name (a relative name begins at the folder of the file it stands
 * in), and run spec_check.  bundle then has all that was read.  All that is wrong with its contents
 * goes to problems; 0 then too, and the caller must look.  -1 only if the file itself
 * could not be read, or is not one to trust (base/file.h).
 */
int spec_conf_read(struct spec *spec, struct bundle *bundle, struct spec_problems *problems,
		   struct error *err);

/* Read into bundle what the templates put into their guests, which only a build does otherwise. */
int spec_conf_read_guest_files(const struct spec *spec, struct bundle *bundle, struct error *err);

/*
 * Only the reading of text (which is overwritten), and through includer (NULL:
 * not at all) of what it includes: sections and values go to spec; no key file is
 * opened, spec_check is not called.  -1 if libconfuse
 * had something to say that spec_scan should have said, which is a problem too.
 */
int spec_conf_parse(struct spec *spec, struct strbuf *text, const struct spec_includer *includer,
		    struct spec_problems *problems);

#endif
