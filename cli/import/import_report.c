/* SPDX-License-Identifier: MIT */
/*
 * import_report.c -- what became of each object.
 */
#include "import.h"

#include "alamo/base/text.h"

static const char *class_label(size_t cls)
{
	return cls < AL_CLASS_COUNT ? al_class_name((enum al_class)cls) : "other";
}

size_t import_count(const struct import *import, enum import_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < import->count; i++)
		count += import->items[i].state == state;
	return count;
}

static void row_put(struct al_buf *out, const char *label, const size_t counts[static IMPORT_STATES])
{
	size_t all = 0;

	for (size_t state = 0; state < IMPORT_STATES; state++)
		all += counts[state];
	if (all > 0)
		al_buf_printf(out, "%-14s %8zu %8zu %8zu %8zu %8zu\n", label, all, counts[IMPORT_TAKEN],
			      counts[IMPORT_CHANGED], counts[IMPORT_PRESENT], counts[IMPORT_REFUSED]);
}

static void table_put(const struct import *import, struct al_buf *out)
{
	size_t counts[AL_CLASS_COUNT + 1][IMPORT_STATES] = { { 0 } }, all[IMPORT_STATES] = { 0 };

	for (size_t i = 0; i < import->count; i++) {
		counts[import->items[i].cls][import->items[i].state]++;
		all[import->items[i].state]++;
	}
	al_buf_printf(out, "%-14s %8s %8s %8s %8s %8s\n", "class", "objects", "taken", "changed", "present", "refused");
	for (size_t cls = 0; cls <= AL_CLASS_COUNT; cls++)
		row_put(out, class_label(cls), counts[cls]);
	row_put(out, "total", all);
}

/* Keys and notes quote what others wrote. */
static void item_put(const struct import_item *item, struct al_buf *out)
{
	al_buf_printf(out, "  [%s] ", class_label(item->cls));
	al_text_escape(al_slice_str(item->key), out);
	al_buf_str(out, ": ");
	al_text_escape(al_slice_str(item->note != NULL              ? item->note
				    : item->state == IMPORT_WAITING ? "to be created"
								    : "no reason given"),
		       out);
	al_buf_u8(out, '\n');
}

static void list_put(const struct import *import, enum import_state state, const char *title, struct al_buf *out)
{
	if (import_count(import, state) == 0)
		return;
	al_buf_printf(out, "\n%s:\n", title);
	for (size_t i = 0; i < import->count; i++) {
		const struct import_item *item = &import->items[i];

		if (item->state == state && (state != IMPORT_PRESENT || item->note != NULL))
			item_put(item, out);
	}
}

void import_report(const struct import *import, bool details, struct al_buf *out)
{
	al_buf_printf(out, "%zu objects read", import->read);
	if (import->count > import->read)
		al_buf_printf(out, ", %zu after one for each of several origins", import->count);
	al_buf_str(out, "\n\n");
	table_put(import, out);
	if (!details)
		return;
	list_put(import, IMPORT_REFUSED, "refused", out);
	list_put(import, IMPORT_CHANGED, "taken, but changed", out);
	list_put(import, IMPORT_PRESENT, "left as the registry has it", out);
	list_put(import, IMPORT_WAITING, "to be sent", out);
}
