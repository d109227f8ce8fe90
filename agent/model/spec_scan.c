/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec_scan.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "model/spec.h"
#include "model/spec_token.h"
#include "base/strbuf.h"

#define MAKES_NO_SENSE "%s makes no sense here; write NAME = \"VALUE\" or SECTION \"NAME\" { … }"

/* One file being scanned, and the one that includes it. */
struct scanner {
	struct spec_tokens tokens;
	struct spec_scan *scan;
	struct spec_problems *problems;
	const struct spec_includer *includer;
	const struct scanner *from;	/* NULL: this is the config itself */
	const char *path, *identity;
	const struct frame *outermost;	/* where its statements stand: it closes none around */
	size_t open;	/* sections that its end left open */
};

/* A section being scanned, and the one around it. */
struct frame {
	const struct frame *around;	/* NULL: no section, but all of them */
	enum key_scope scope;
	char *title;
	struct spec_scan_section section;
};

static __attribute__((format(printf, 4, 5)))
void complain(struct scanner *s, const struct frame *frame, int line, const char *format, ...)
{
	CLEANUP(scope_free) char *text = NULL;
	va_list args;

	va_start(args, format);
	text = memory_vprint(format, args);
	va_end(args);
	if (frame->around)
		spec_problem_add(s->problems, line, "%s \"%s\": %s", key_scope_name(frame->scope),
				 frame->title, text);
	else
		spec_problem_add(s->problems, line, "%s", text);
}

static bool at(const struct scanner *s, enum spec_token_type type)
{
	return s->tokens.now.type == type;
}

static void next(struct scanner *s)
{
	spec_token_next(&s->tokens);
}

/* From the open brace to its match, whatever is between; braces in quotes are not tokens. */
static void skip_block(struct scanner *s)
{
	size_t depth = 0;

	do {
		if (at(s, SPEC_TOKEN_OPEN))
			depth++;
		else if (at(s, SPEC_TOKEN_CLOSE))
			depth--;
		next(s);
	} while (depth && !at(s, SPEC_TOKEN_END));
}

/* What is left of a statement that makes no sense: to the end of the line, blocks as a whole. */
static void skip_rest(struct scanner *s, int line)
{
	while (s->tokens.now.line == line && !at(s, SPEC_TOKEN_CLOSE) && !at(s, SPEC_TOKEN_END)) {
		if (at(s, SPEC_TOKEN_OPEN))
			skip_block(s);
		else
			next(s);
	}
}

/* The sections that may stand in frame. */
static bool may_hold(const struct frame *frame, enum key_scope scope)
{
	if (!frame->around)
		return scope != SCOPE_VM && scope != SCOPE_NIC;
	return (frame->scope == SCOPE_CLUSTER && scope == SCOPE_VM) ||
	       ((frame->scope & SCOPE_GUEST) && scope == SCOPE_NIC);
}

/* Which kind of section is that?  0 if none. */
static enum key_scope scope_of(const char *name)
{
	for (unsigned scope = SCOPE_VM; scope <= SCOPE_LAST; scope <<= 1)
		if (strcmp(key_scope_name(scope), name) == 0)
			return scope;
	return 0;
}

static void complain_unknown_key(struct scanner *s, const struct frame *frame, int line,
				 const char *name)
{
	const char *suggestion = frame->around ? key_suggest(name, frame->scope) : NULL;
	CLEANUP(strbuf_release) struct strbuf places = STRBUF_INIT;

	for (unsigned scope = SCOPE_VM; scope <= SCOPE_LAST; scope <<= 1)
		if (key_find(name, scope) < KEY_COUNT)
			strbuf_join(&places, " or ", key_scope_name(scope));
	if (strcmp(name, "include") == 0)
		complain(s, frame, line, "include: takes no =; write include \"FILE\"");
	else if (places.len)
		complain(s, frame, line, "%s: cannot stand here; it belongs into a section %s",
			 name, places.buf);
	else if (suggestion)
		complain(s, frame, line, "%s: no such name; did you mean %s?", name, suggestion);
	else
		complain(s, frame, line, "%s: no such name; vyom.conf(5) lists them all", name);
}

static void complain_wrong_section(struct scanner *s, const struct frame *frame, int line,
				   const char *kind, const char *title)
{
	if (!scope_of(kind))
		complain(s, frame, line, "%s: no such section; there are node, template, role, "
					 "cluster, snippet, vm in a cluster, and nic in a vm, role or "
					 "cluster", kind);
	else if (frame->around)
		complain(s, frame, line, "%s \"%s\": cannot stand in a %s; is a } missing before "
					 "it?", kind, title, key_scope_name(frame->scope));
	else if (scope_of(kind) == SCOPE_NIC)
		complain(s, frame, line, "nic \"%s\": cannot stand alone; put it into a vm, role "
					 "or cluster", title);
	else
		complain(s, frame, line, "vm \"%s\": cannot stand alone; put it into a cluster "
					 "\"NAME\" { … }", title);
}

/* { "a", "b" }: false, with the complaint made, if it is none. */
static bool scan_list(struct scanner *s, const struct frame *frame, const char *name)
{
	int line = s->tokens.now.line;
	bool good = true;

	next(s);
	while (at(s, SPEC_TOKEN_WORD)) {
		line = s->tokens.now.line;
		good = good && !s->tokens.now.bad;
		next(s);
		if (!at(s, SPEC_TOKEN_COMMA))
			break;
		next(s);
	}
	if (at(s, SPEC_TOKEN_CLOSE)) {
		next(s);
		return good;
	}
	if (good)
		complain(s, frame, line, "%s: the list is not in order; write { \"a\", \"b\" }",
			 name);
	skip_rest(s, line);
	if (at(s, SPEC_TOKEN_CLOSE) && s->tokens.now.line == line)
		next(s);
	return false;
}

/* What stands after NAME =.  False, with the complaint made, if it is no value. */
static bool scan_value(struct scanner *s, const struct frame *frame, const char *name, int line,
		       bool *is_list)
{
	bool good;

	*is_list = at(s, SPEC_TOKEN_OPEN);
	if (*is_list)
		return scan_list(s, frame, name);
	if (!at(s, SPEC_TOKEN_WORD)) {
		complain(s, frame, line, "%s: the value is missing; write %s = \"…\"", name, name);
		skip_rest(s, line);
		return false;
	}
	good = !s->tokens.now.bad;
	next(s);
	return good;
}

/* The = of NAME = VALUE; true if it may stay. */
static bool scan_assignment(struct scanner *s, struct frame *frame, const char *name, int line)
{
	enum key_id key = frame->around ? key_find(name, frame->scope) : KEY_COUNT;
	bool is_list, good;

	next(s);
	good = scan_value(s, frame, name, line, &is_list);
	if (key == KEY_COUNT) {
		complain_unknown_key(s, frame, line, name);
		return false;
	}
	if (good && is_list && key_table[key].type != KEY_TYPE_LIST) {
		complain(s, frame, line, "%s: takes one value, not a list", name);
		return false;
	}
	if (good)
		MEMORY_PUSH(frame->section.values, frame->section.count) =
			(struct spec_scan_value){ key, line };
	return good;
}

static void scan_statements(struct scanner *s, struct frame *frame);

/* The { of KIND "TITLE" { … }; true if it may stay. */
static bool scan_section(struct scanner *s, struct frame *frame, const char *kind,
			 char *title, int line)
{
	struct frame inner = {
		.around = frame, .scope = scope_of(kind), .title = title,
		.section = { .scope = scope_of(kind), .line = line },
	};

	if (!inner.scope || !may_hold(frame, inner.scope)) {
		complain_wrong_section(s, frame, line, kind, title);
		skip_block(s);
		return false;
	}
	next(s);
	scan_statements(s, &inner);
	if (at(s, SPEC_TOKEN_END)) {
		/* said once: the innermost section is the one to look at */
		if (!s->open++ && !s->tokens.torn)
			complain(s, &inner, line, "is not closed; a } is missing");
	} else {
		next(s);
	}
	MEMORY_PUSH(s->scan->sections, s->scan->count) = inner.section;
	frame->section.nics += inner.scope == SCOPE_NIC;
	return true;
}

/* NAME WORD: a section if a brace follows. */
static bool scan_titled(struct scanner *s, struct frame *frame, const char *name, int line)
{
	CLEANUP(scope_free) char *title = spec_token_text(&s->tokens);
	bool good = !s->tokens.now.bad;

	next(s);
	if (good && at(s, SPEC_TOKEN_OPEN))
		return scan_section(s, frame, name, title, line);
	if (at(s, SPEC_TOKEN_OPEN))
		skip_block(s);
	else if (good && scope_of(name))
		complain(s, frame, line, "%s \"%s\": a { is missing after the name", name,
			 title);
	else if (good)
		complain(s, frame, line, "%s: a = is missing; write %s = \"%s\"", name, name,
			 title);
	skip_rest(s, line);
	return false;
}

/* After NAME: what kind of statement is it?  True if it may stay. */
static bool scan_after_name(struct scanner *s, struct frame *frame, const char *name, int line)
{
	bool ignored;

	switch (s->tokens.now.type) {
	case SPEC_TOKEN_EQUALS:
		return scan_assignment(s, frame, name, line);
	case SPEC_TOKEN_WORD:
		if (scope_of(name) || s->tokens.now.line == line)
			return scan_titled(s, frame, name, line);
		break;
	case SPEC_TOKEN_OPEN:
		complain(s, frame, line, "%s: a section needs a name; write %s \"NAME\" { … }",
			 name, name);
		skip_block(s);
		return false;
	case SPEC_TOKEN_APPEND:
		complain(s, frame, line, "%s: += adds to nothing here; write = and the whole list",
			 name);
		next(s);
		scan_value(s, frame, name, line, &ignored);
		return false;
	default:
		break;
	}
	complain(s, frame, line, MAKES_NO_SENSE, name);
	skip_rest(s, line);
	return false;
}

static size_t depth_of(const struct scanner *s)
{
	size_t depth = 0;

	for (; s->from; s = s->from)
		depth++;
	return depth;
}

static bool is_open(const struct scanner *s, const char *identity)
{
	for (; s; s = s->from)
		if (s->identity && strcmp(s->identity, identity) == 0)
			return true;
	return false;
}

static int read_included(const struct scanner *s, const char *name, char **path, char **identity,
			 struct strbuf *text, struct error *err)
{
	if (!s->includer)
		return error_set(err, ERROR_SPEC, "cannot be done here; put its text in place of "
						  "this line");
	if (depth_of(s) == SPEC_INCLUDE_DEPTH)
		return error_set(err, ERROR_SPEC, "is the %dth file in a row that includes "
						  "another; include it from one of the first",
				 SPEC_INCLUDE_DEPTH + 1);
	if (s->includer->read(s->includer->context, s->path, name, path, identity, text, err) < 0)
		return -1;
	if (is_open(s, *identity))
		return error_set(err, ERROR_SPEC, "%s includes itself in the end; take this line "
						  "out", *path);
	return 0;
}

/* Its text as it stands in the place of the statement: lines of its own, all of it closed. */
static int scan_included(const struct scanner *s, struct frame *frame, const char *path,
			 const char *identity, struct strbuf *text, int line)
{
	struct scanner inner = {
		.scan = s->scan, .problems = s->problems, .includer = s->includer, .from = s,
		.path = path, .identity = identity, .outermost = frame,
	};

	spec_problems_enter(s->problems, line, path, 1);
	spec_tokens_init(&inner.tokens, text, line, s->problems);
	scan_statements(&inner, frame);
	while (inner.open--)
		strbuf_addch(text, '}');
	return inner.tokens.line;
}

/* include "FILE", at the name: the statement goes, and the text comes behind it. */
static void scan_include(struct scanner *s, struct frame *frame, size_t start)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, lines = STRBUF_INIT;
	CLEANUP(scope_free) char *name = spec_token_text(&s->tokens);
	CLEANUP(scope_free) char *path = NULL, *identity = NULL;
	struct error err = { 0 };
	int line = s->tokens.now.line;
	const char *here;
	int own = spec_problems_locate(s->problems, line, &here);

	spec_token_blank(&s->tokens, start, s->tokens.now.end);
	if (s->tokens.now.bad)
		return;
	if (read_included(s, name, &path, &identity, &text, &err) < 0) {
		complain(s, frame, line, "include \"%s\": %s", name, err.text);
		return;
	}
	line = scan_included(s, frame, path, identity, &text, line + 1) + 1;
	strbuf_addch(&lines, '\n');
	strbuf_add(&lines, text.buf, text.len);
	strbuf_addch(&lines, '\n');
	spec_token_insert(&s->tokens, &lines, line);
	spec_problems_enter(s->problems, line, s->path, own);
}

static void scan_statement(struct scanner *s, struct frame *frame)
{
	CLEANUP(scope_free) char *name = spec_token_text(&s->tokens);
	size_t start = s->tokens.now.start;
	int line = s->tokens.now.line;
	bool bad = s->tokens.now.bad;

	next(s);
	if (!bad && strcmp(name, "include") == 0 && at(s, SPEC_TOKEN_WORD) &&
	    s->tokens.now.line == line) {
		scan_include(s, frame, start);
		next(s);
		return;
	}
	if (bad)
		skip_rest(s, line);
	if (bad || !scan_after_name(s, frame, name, line))
		spec_token_blank(&s->tokens, start, s->tokens.now.start);
}

/* Something that can begin no statement. */
static void scan_stray(struct scanner *s, const struct frame *frame)
{
	CLEANUP(scope_free) char *text = spec_token_text(&s->tokens);
	size_t start = s->tokens.now.start;
	int line = s->tokens.now.line;

	if (at(s, SPEC_TOKEN_CLOSE))
		complain(s, frame, line, "a } too many");
	else if (!s->tokens.now.bad)
		complain(s, frame, line, MAKES_NO_SENSE, text);
	if (at(s, SPEC_TOKEN_CLOSE))
		next(s);
	else
		skip_rest(s, line);
	spec_token_blank(&s->tokens, start, s->tokens.now.start);
}

/* Up to the end of the text, or the brace that closes frame. */
static void scan_statements(struct scanner *s, struct frame *frame)
{
	while (!at(s, SPEC_TOKEN_END)) {
		if (at(s, SPEC_TOKEN_WORD))
			scan_statement(s, frame);
		else if (at(s, SPEC_TOKEN_CLOSE) && frame != s->outermost)
			return;
		else
			scan_stray(s, frame);
	}
}

void spec_scan_text(struct spec_scan *scan, struct strbuf *text,
		    const struct spec_includer *includer, struct spec_problems *problems)
{
	struct frame file = { 0 };
	struct scanner s = {
		.scan = scan, .problems = problems, .includer = includer, .outermost = &file,
		.identity = includer ? includer->identity : NULL,
	};

	spec_tokens_init(&s.tokens, text, 1, problems);
	scan_statements(&s, &file);
}

void spec_scan_release(struct spec_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->sections[i].values);
	free(scan->sections);
	*scan = (struct spec_scan){ 0 };
}
