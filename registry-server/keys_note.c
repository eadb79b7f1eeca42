/* SPDX-License-Identifier: MIT */
/*
 * keys_note.c -- see keys_note.h. Read once: whoever replaces the file starts the daemon again, so that members are told
 * the new one, and the metrics are of what they are told.
 */
#include "keys_note.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "alamo/net/loop.h"
#include "alamo/net/metrics.h"
#include "alamo/rpsl/entry.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/note_file.h"

static struct al_metric metric_end = { .name = "alamo_registry_keys_end_seconds",
				       .help = "Unix time from which on the keys note is old; 0: there is none",
				       .gauge = true };
static struct al_metric metric_since = { .name = "alamo_registry_keys_since_seconds",
					 .help = "Unix time since which it is good, as far as that is known",
					 .gauge = true };

static enum al_err note_parse(struct keys_note *note)
{
	struct al_keys *keys = malloc(sizeof(*keys));

	if (keys == NULL)
		return AL_ENOMEM;
	if (al_keys_parse(al_keys_text(al_buf_view(&note->text)), keys) == AL_OK) {
		note->from = keys->log[keys->log_count - 1].from;
		note->end_s = keys->not_after;
	} else { /* the signer has taken it: a key alone */
		al_buf_reset(&note->text);
	}
	free(keys);
	return AL_OK;
}

enum al_err keys_note_open(const struct al_conf *conf, struct keys_note *out)
{
	char path[4096];
	struct stat st;
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "log", "key"), path, sizeof(path));

	*out = (struct keys_note){ .placed = 0 };
	al_buf_init(&out->text, AL_NOTE_MAX);
	if (err == AL_OK)
		err = al_note_load(path, &out->text);
	if (err == AL_OK && stat(path, &st) == 0 && st.st_mtime > 0)
		out->placed = (uint64_t)st.st_mtime;
	return err == AL_OK ? note_parse(out) : err;
}

void keys_note_release(struct keys_note *note)
{
	al_buf_release(&note->text);
}

uint64_t keys_note_since(uint64_t entry, uint64_t placed, uint64_t now)
{
	return placed >= entry && placed <= now ? placed : entry;
}

/* The last entry that the key before has signed; of the log's only key, the first one of all. */
static enum al_err entry_time(const struct keys_note *note, struct ledger *ledger, uint64_t *out)
{
	struct al_entry entry;
	struct al_buf bytes;
	enum al_err err;

	al_buf_init(&bytes, AL_ENTRY_MAX);
	err = ledger_entry(ledger, note->from > 0 ? note->from - 1 : 0, &bytes);
	if (err == AL_OK)
		err = al_entry_decode(al_buf_view(&bytes), &entry);
	if (err == AL_OK)
		*out = entry.time;
	al_buf_release(&bytes);
	return err;
}

enum al_err keys_note_measure(const struct keys_note *note, struct ledger *ledger)
{
	uint64_t entry = 0;
	enum al_err err;

	al_metric_add(&metric_end);
	al_metric_add(&metric_since);
	if (note->text.len == 0)
		return AL_OK;
	err = entry_time(note, ledger, &entry);
	/* Another registry writes, and the note is of entries that are not here yet: its file has to do. */
	if (err != AL_OK && err != AL_ENOTFOUND)
		return err;
	al_metric_set(&metric_since, keys_note_since(entry, note->placed, al_now_s()));
	al_metric_set(&metric_end, note->end_s);
	return AL_OK;
}
