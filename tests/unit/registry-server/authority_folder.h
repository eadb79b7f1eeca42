/* SPDX-License-Identifier: MIT */
/* authority_folder.h -- the files of an authority in a test's folder. For tests only. */
#ifndef TESTS_AUTHORITY_FOLDER_H
#define TESTS_AUTHORITY_FOLDER_H

#include <stdio.h>
#include <sys/stat.h>

#include "alamo/tlog/note.h"
#include "alamo/tlog/note_file.h"

/* What an authority begins with; @0@ is its hostmaster's key (registry_rig.h). */
#define AUTHORITY_FOUNDING                                                                                    \
	"registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\nmnt-by: HOST-MNT\n" \
	"source: TEST\n\n"                                                                                    \
	"mntner: HOST-MNT\nauth: @0@\nmnt-by: HOST-MNT\nsource: TEST\n"

static inline void folder_write(const char *dir, const char *name, struct al_slice text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(al_note_save(path, text, false), AL_OK);
}

/* A new key of the log, in keys/log.key and keys/log.pub; the folder keys is there. */
static inline void log_key_write(const char *dir, struct al_skey *key)
{
	struct al_buf text;
	char path[128];

	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), key), AL_OK);
	al_buf_init(&text, 1024);
	al_vkey_format(&key->pub, &text);
	al_buf_str(&text, "\n");
	folder_write(dir, "keys/log.pub", al_buf_view(&text));
	al_buf_reset(&text);
	al_skey_format(key, &text);
	al_buf_str(&text, "\n");
	folder_write(dir, "keys/log.key", al_buf_view(&text));
	al_buf_release(&text);
	(void)snprintf(path, sizeof(path), "%s/keys/log.key", dir);
	assert_int_equal(chmod(path, 0600), 0);
}

#endif
