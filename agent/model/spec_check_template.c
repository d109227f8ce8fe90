/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec.h"

#include "base/scope.h"

/* One of three keys says which VM it is; none: its name does. */
static void check_id(const struct spec_section *template, struct spec_problems *problems)
{
	static const enum key_id keys[] = { KEY_VMID, KEY_VMIDS, KEY_TEMPLATE_TAG };
	enum key_id first = KEY_COUNT;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct spec_value *value = template->values[keys[i]];

		if (value && first < KEY_COUNT)
			spec_problem_add(problems, value->line,
					 "template \"%s\": %s: it has a %s too; say one of the two",
					 template->name, key_table[keys[i]].name,
					 key_table[first].name);
		else if (value)
			first = keys[i];
	}
}

/* It is there already: of what a build is told it has no use. */
static void check_found(const struct spec_section *template, struct spec_problems *problems)
{
	for (enum key_id key = 0; key < KEY_COUNT; key++) {
		if (!template->values[key] || key == KEY_TEMPLATE_TAG || key == KEY_SHA256)
			continue;
		spec_problem_add(problems, template->values[key]->line,
				 "template \"%s\": %s: a template without vmid and vmids is found by "
				 "its %s, and not built; give it one of them, or leave this out",
				 template->name, key_table[key].name,
				 template->values[KEY_TEMPLATE_TAG] ? "tag" : "name");
		return;
	}
}

/* What only together makes sense of how a template is made. */
static void check_build(const struct spec_section *template, struct spec_problems *problems)
{
	static const enum key_id keys[] = { KEY_MASTER_KEY, KEY_KEY_SINK, KEY_KEY_FILE };
	const struct spec_value *url = template->values[KEY_URL], *first = NULL;

	if (url && (!template->values[KEY_IMAGE] || template->values[KEY_IMAGE]->text[0] == '/'))
		spec_problem_add(problems, url->line,
				 "template \"%s\": url: image must say where it is to lie, as a "
				 "volume id: image = \"local:iso/NAME\"", template->name);
	if (url && !template->values[KEY_SHA256])
		spec_problem_add(problems, url->line,
				 "template \"%s\": url: what is downloaded is not trusted without "
				 "sha256", template->name);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct spec_value *value = template->values[keys[i]];
		CLEANUP(scope_free) char *where = NULL;

		if (value && first) {
			where = spec_problems_name_line(problems, first->line, value->line);
			spec_problem_add(problems, value->line,
					 "template \"%s\": %s: where the master key is from or goes "
					 "is said already in %s; say one of master-key, key-sink and "
					 "key-file", template->name, key_table[keys[i]].name, where);
		}
		if (value && !first)
			first = value;
	}
}

void spec_check_template(const struct spec_section *template, struct spec_problems *problems)
{
	check_id(template, problems);
	if (spec_template_is_found(template))
		check_found(template, problems);
	else
		check_build(template, problems);
}
