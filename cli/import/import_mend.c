/* SPDX-License-Identifier: MIT */
/*
 * import_mend.c -- values that other registries take and this one does not.
 *
 * Names get a canonical form by one rule for all, so that what refers to a
 * name still finds it; of lists the good items stay; what is optional and has
 * no form of ours is left out. Each change is said in the report.
 *
 * The rule for names: a byte that may not stand in one becomes '-', several
 * become one, none at an end; "X-" comes in front of what would begin with a
 * digit or with a word that is reserved, "ORG-" in front of an organisation's that has none.
 */
#include "import.h"

#include <stdio.h>
#include <string.h>

#include "alamo/base/text.h"

#define NAME_MAX_LEN 80
#define SHOWN_MAX 60

static bool name_byte(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';
}

/* Words of letters, digits and '_', with one '-' between each. */
static size_t name_words(struct al_slice value, char name[static NAME_MAX_LEN + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < value.len && len < NAME_MAX_LEN; i++)
		if (name_byte(value.ptr[i]))
			name[len++] = value.ptr[i];
		else if (len > 0 && name[len - 1] != '-')
			name[len++] = '-';
	while (len > 0 && (name[len - 1] == '-' || name[len - 1] == '_'))
		len--;
	return len;
}

static bool canon(enum al_syntax syntax, struct al_slice value, struct al_buf *out)
{
	const char *why;

	return al_syntax_canon(syntax, value, out, &why) == AL_OK;
}

/* A name of that syntax out of any bytes; false if there is none. */
static bool name_mend(enum al_syntax syntax, struct al_slice value, struct al_buf *out)
{
	char bare[NAME_MAX_LEN + 1], name[NAME_MAX_LEN + 16];
	const char *tail = syntax == AL_SYN_MNTNER ? "-MNT" : "", *front = syntax == AL_SYN_ORG ? "ORG-" : "X-";
	size_t len = name_words(value, bare);

	if (len > 0 && len + strlen("ORG--MNT") > NAME_MAX_LEN)
		len = NAME_MAX_LEN - strlen("ORG--MNT");
	for (unsigned way = 0; way < 4; way++) {
		int made = snprintf(name, sizeof(name), "%s%.*s%s", (way & 1) != 0 ? front : "", (int)len, bare,
				    (way & 2) != 0 ? tail : "");

		if (made > 0 && canon(syntax, al_slice_of(name, (size_t)made), out))
			return true;
	}
	return syntax == AL_SYN_NAME && canon(syntax, AL_S("X-UNNAMED"), out);
}

static bool is_name(enum al_syntax syntax)
{
	return syntax == AL_SYN_NAME || syntax == AL_SYN_AS_NAME || syntax == AL_SYN_MNTNER ||
	       syntax == AL_SYN_NIC_HDL || syntax == AL_SYN_ORG;
}

static void note_put(struct al_buf *note, const char *what, const char *name, struct al_slice value)
{
	char text[SHOWN_MAX + 1];

	al_text_clean(value, text, sizeof(text));
	al_buf_printf(note, "%s%s %s %s", note->len > 0 ? ", " : "", what, name, text);
}

/* Without comments, on one line, as the schema reads it. */
static void value_plain(struct al_slice value, struct al_buf *out)
{
	struct al_slice line, head;

	while (al_slice_line(&value, &line)) {
		(void)al_slice_cut(&line, '#', &head);
		head = al_slice_trim(head);
		if (out->len > 0 && head.len > 0)
			al_buf_u8(out, ' ');
		al_buf_slice(out, head);
	}
}

/* One item: as it is, mended, or not at all. */
static enum mend item_mend(const struct al_attr_rule *rule, struct al_slice item, struct al_buf *out,
			   struct al_buf *note)
{
	size_t start = out->len;

	if (canon(rule->syntax, item, out))
		return MEND_AS_IT_IS;
	if (!is_name(rule->syntax) || !name_mend(rule->syntax, item, out))
		return MEND_LEFT_OUT;
	note_put(note, "with", rule->name, al_slice_from(al_buf_view(out), start));
	al_buf_str(note, " for ");
	al_text_escape(al_slice_head(item, SHOWN_MAX), note);
	return MEND_CHANGED;
}

static enum mend list_mend(const struct al_attr_rule *rule, struct al_slice value, struct al_buf *out,
			   struct al_buf *note)
{
	enum mend all = MEND_AS_IT_IS;
	struct al_slice item;

	while (value.len > 0) {
		size_t start = out->len;
		enum mend one;

		(void)al_slice_cut(&value, ',', &item);
		item = al_slice_trim(item);
		if (item.len == 0)
			continue;
		if (start > 0)
			al_buf_str(out, ", ");
		one = item_mend(rule, item, out, note);
		if (one == MEND_LEFT_OUT) {
			out->len = out->err == AL_OK ? start : out->len;
			note_put(note, "without", rule->name, item);
		}
		all = one != MEND_AS_IT_IS ? MEND_CHANGED : all;
	}
	return out->len > 0 ? all : MEND_LEFT_OUT;
}

/* Bytes that are no text, as an older encoding has them, stay visible. */
static enum mend text_mend(const struct al_attr_rule *rule, struct al_slice value, struct al_buf *out,
			   struct al_buf *note)
{
	struct al_slice rest = value, line;

	while (al_slice_line(&rest, &line))
		if (!al_text_ok(line)) {
			al_text_escape(value, out);
			al_buf_printf(note, "%s%s escaped", note->len > 0 ? ", " : "", rule->name);
			return MEND_CHANGED;
		}
	return MEND_AS_IT_IS;
}

enum mend import_mend(const struct al_attr_rule *rule, struct al_slice value, struct al_buf *out, struct al_buf *note)
{
	struct al_buf plain;
	enum mend mend;

	if (rule->syntax == AL_SYN_TEXT)
		return text_mend(rule, value, out, note);
	al_buf_init(&plain, value.len + 1);
	value_plain(value, &plain);
	mend = (rule->flags & AL_LIST) != 0 ? list_mend(rule, al_buf_view(&plain), out, note)
					    : item_mend(rule, al_buf_view(&plain), out, note);
	if (mend == MEND_LEFT_OUT && (rule->flags & AL_REQUIRED) != 0)
		mend = MEND_AS_IT_IS; /* the schema says why not */
	else if (mend == MEND_LEFT_OUT && (rule->flags & AL_LIST) == 0)
		note_put(note, "without", rule->name,
			 al_slice_head(al_buf_view(&plain), rule->syntax == AL_SYN_AUTH ? 20 : SHOWN_MAX));
	al_buf_release(&plain);
	return mend;
}
