/* SPDX-License-Identifier: MIT */
/*
 * referrers.c -- what still needs an object that was to be deleted.
 *
 * The registry counts references and keeps no list of them; the WHOIS server
 * has one, by attribute.
 */
#include "referrers.h"

#include <stdio.h>
#include <stdlib.h>

#include "alamo/rpsl/schema.h"
#include "answer.h"
#include "whois_client.h"

#define SHOWN 5
#define QUERY_MAX 4096
#define LIST_MAX (1u << 20)

/* "mnt-by,mnt-lower": the attributes, of any class, that name one of `cls` and hold it. */
static void attributes_put(enum al_class cls, struct al_buf *out)
{
	size_t start = out->len;

	for (size_t other = 0; other < AL_CLASS_COUNT; other++)
		for (const struct al_attr_rule *rule = al_class_rules((enum al_class)other); rule->name != NULL;
		     rule++) {
			struct al_slice rest = al_slice_from(al_buf_view(out), start), word;
			bool known = false;

			if ((rule->refs >> cls & 1) == 0 || (rule->flags & AL_STRONG) == 0 ||
			    (rule->flags & AL_INVERSE) == 0)
				continue;
			while (!known && al_slice_word(&rest, ",", &word))
				known = al_slice_is(word, rule->name);
			if (!known)
				al_buf_printf(out, "%s%s", out->len > start ? "," : "", rule->name);
		}
}

/* The first lines of the paragraphs: "aut-num AS1, person ANN and 3 more". */
static void list_say(struct al_slice answer, struct al_slice cls, struct al_slice key)
{
	struct al_slice line, name;
	size_t count = 0;
	bool inside = false;

	while (al_slice_line(&answer, &line)) {
		bool begins = !inside && line.len > 0 && line.ptr[0] != '%';

		inside = line.len > 0 && line.ptr[0] != '%';
		if (!begins || !al_slice_cut(&line, ':', &name))
			continue;
		line = al_slice_trim(line);
		if (al_slice_eq(name, cls) && al_slice_eq(line, key))
			continue; /* a maintainer names itself */
		if (count == 0)
			fprintf(stderr, "alamo: %.*s %.*s is named by ", AL_FMT(cls), AL_FMT(key));
		if (++count <= SHOWN)
			fprintf(stderr, "%s%.*s %.*s", count > 1 ? ", " : "", AL_FMT(name), AL_FMT(line));
	}
	if (count > SHOWN)
		fprintf(stderr, " and %zu more", count - SHOWN);
	if (count > 0)
		fputc('\n', stderr);
}

static void object_say(const char *whois, const struct answer_object *object)
{
	struct al_buf query, list;
	enum al_class cls;
	const char *why;
	char *text;

	if (al_class_parse(object->cls, &cls) != AL_OK)
		return;
	al_buf_init(&query, QUERY_MAX);
	al_buf_init(&list, LIST_MAX);
	al_buf_str(&query, "-K -i ");
	attributes_put(cls, &query);
	al_buf_printf(&query, " %.*s", AL_FMT(object->key));
	text = al_buf_take(&query, NULL);
	if (text != NULL && whois_query(whois, text, &list, &why) == AL_OK)
		list_say(al_buf_view(&list), object->cls, object->key);
	free(text);
	al_buf_release(&list);
}

void referrers_say(const struct network *network, const char *server, struct al_slice answer)
{
	char whois[NETWORK_FIELD_MAX];
	struct answer_object object;

	if (network_endpoint(network, server, "whois", whois, sizeof(whois)) != AL_OK)
		return;
	while (answer_next(&answer, &object))
		if (!object.succeeded && answer_has(object.body, "other objects (REF-USED)"))
			object_say(whois, &object);
}
