/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide/init_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { DEPTH = 4, WIDTH = 84, TAB = 8 };

/* The sections that a line is within. */
struct place {
	struct { char scope[16], name[64]; } sections[DEPTH];
	size_t depth;
};

void init_set(struct init *init, enum key_scope scope, const char *name, enum key_id key,
	      const char *value, const char *note)
{
	MEMORY_PUSH(init->edits, init->count) = (struct init_edit){
		.scope = scope, .name = name, .key = key, .value = memory_copy(value),
		.note = memory_copy(note),
	};
}

void init_set_text(struct init *init, enum key_scope scope, const char *name, enum key_id key,
		   const char *value, const char *note)
{
	char *quoted = value ? memory_print("\"%s\"", value) : NULL;

	init_set(init, scope, name, key, quoted, note);
	free(quoted);
}

void init_release(struct init *init)
{
	for (size_t i = 0; i < init->count; i++) {
		free(init->edits[i].value);
		free(init->edits[i].note);
	}
	free(init->edits);
	*init = (struct init)INIT_INIT;
}

/* SCOPE "NAME" {: goes into it; false if the line is none. */
static bool enter(struct place *place, const char *line)
{
	size_t scope = strcspn(line, " \""), name;
	const char *quote = line + scope;

	if (place->depth == DEPTH || strncmp(quote, " \"", 2) != 0)
		return false;
	name = strcspn(quote + 2, "\"");
	if (strcmp(quote + 2 + name, "\" {") != 0 || scope >= sizeof(place->sections->scope) ||
	    name >= sizeof(place->sections->name))
		return false;
	memcpy(place->sections[place->depth].scope, line, scope);
	place->sections[place->depth].scope[scope] = '\0';
	memcpy(place->sections[place->depth].name, quote + 2, name);
	place->sections[place->depth].name[name] = '\0';
	place->depth++;
	return true;
}

static const struct init_edit *find_edit(const struct init *init, const struct place *place,
					 const char *line)
{
	size_t len = strcspn(line, " ");

	for (size_t i = 0; place->depth && i < init->count; i++) {
		const struct init_edit *edit = &init->edits[i];
		const char *key = key_table[edit->key].name;

		if (strlen(key) == len && strncmp(key, line, len) == 0 &&
		    strncmp(line + len, " = ", 3) == 0 &&
		    strcmp(key_scope_name(edit->scope), place->sections[place->depth - 1].scope) == 0 &&
		    (!edit->name ||
		     strcmp(edit->name, place->sections[place->depth - 1].name) == 0))
			return edit;
	}
	return NULL;
}

/* Words in lines of at most WIDTH columns, each "# …" behind the tabs of indent. */
static void add_note(struct strbuf *text, size_t indent, const char *note)
{
	size_t column = 0;

	while (*note) {
		size_t len = strcspn(note, " ");

		if (column && column + 1 + len > WIDTH) {
			strbuf_addch(text, '\n');
			column = 0;
		}
		if (!column) {
			strbuf_addf(text, "%.*s#", (int)indent, "\t\t\t\t");
			column = TAB * indent + 1;
		}
		strbuf_addch(text, ' ');
		strbuf_add(text, note, len);
		column += 1 + len;
		note += len + (note[len] == ' ');
	}
	strbuf_addch(text, '\n');
}

/* What stands behind a value: a comment after tabs, or nothing. */
static const char *find_tail(const char *line)
{
	const char *tail = strstr(line, "\t#");

	while (tail && tail > line && tail[-1] == '\t')
		tail--;
	return tail ? tail : "";
}

static void add_edited(struct strbuf *text, size_t indent, const char *line,
		       const struct init_edit *edit)
{
	if (edit->note)
		add_note(text, indent, edit->note);
	strbuf_addf(text, "%.*s", (int)indent, "\t\t\t\t");
	if (edit->value)
		strbuf_addf(text, "%s = %s%s\n", key_table[edit->key].name, edit->value,
			    find_tail(line));
	else
		strbuf_addf(text, "#%s\n", line);
}

static void add_line(const struct init *init, struct place *place, const char *line,
		     struct strbuf *text)
{
	size_t indent = strspn(line, "\t");
	const struct init_edit *edit = find_edit(init, place, line + indent);

	if (edit) {
		add_edited(text, indent, line + indent, edit);
		return;
	}
	if (strcmp(line + indent, "}") == 0 && place->depth)
		place->depth--;
	else if (enter(place, line + indent) && place->depth == 1 &&
		 strcmp(place->sections[0].scope, key_scope_name(SCOPE_NODE)) == 0) {
		strbuf_addf(text, "%s \"%s\" {\n", key_scope_name(SCOPE_NODE), init->node);
		return;
	}
	strbuf_addf(text, "%s\n", line);
}

void init_rewrite(const struct init *init, const char *const *example, struct strbuf *text)
{
	struct place place = { .depth = 0 };

	for (; *example; example++)
		add_line(init, &place, *example, text);
}
