/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/spec_problem.h"

#include <stdarg.h>
#include <string.h>

#include "base/memory.h"

void spec_problem_add(struct spec_problems *problems, int line, const char *format, ...)
{
	struct spec_problem *problem = &MEMORY_PUSH(problems->items, problems->count);
	va_list args;

	va_start(args, format);
	*problem = (struct spec_problem){ line, memory_vprint(format, args) };
	va_end(args);
}

void spec_problems_release(struct spec_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		free(problems->items[i].text);
	for (size_t i = 0; i < problems->place_count; i++)
		free(problems->places[i].file);
	free(problems->items);
	free(problems->places);
	*problems = (struct spec_problems){ 0 };
}

void spec_problems_enter(struct spec_problems *problems, int line, const char *file, int own)
{
	MEMORY_PUSH(problems->places, problems->place_count) =
		(struct spec_place){ line, memory_copy(file), own };
}

int spec_problems_locate(const struct spec_problems *problems, int line, const char **file)
{
	size_t i = problems->place_count;

	while (i && problems->places[i - 1].line > line)
		i--;
	*file = i ? problems->places[i - 1].file : NULL;
	return i ? problems->places[i - 1].own + line - problems->places[i - 1].line : line;
}

char *spec_problems_name_line(const struct spec_problems *problems, int line, int from)
{
	const char *file, *here;
	int own = spec_problems_locate(problems, line, &file);

	spec_problems_locate(problems, from, &here);
	if (file == here || (file && here && strcmp(file, here) == 0))
		return memory_print("line %d", own);
	return memory_print("line %d of %s", own, file ? file : "the file that includes this one");
}
