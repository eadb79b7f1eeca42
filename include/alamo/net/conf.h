/* SPDX-License-Identifier: MIT */
/*
 * conf.h -- alamo.conf: an ini file checked against one schema table.
 *
 * Unknown sections, keys and bad values are errors with file and line. Every
 * key has a default, so an empty file is a working configuration. Relative
 * paths are taken from the directory of the file.
 */
#ifndef ALAMO_CONF_H
#define ALAMO_CONF_H

#include "alamo/base/slice.h"

struct al_conf;

/* `message` gets a one-line reason on failure. */
AL_MUST_USE enum al_err al_conf_load(const char *path, struct al_conf **out, char *message, size_t message_cap);
/* The same from a descriptor, which is closed; anything but a regular file is AL_EINVAL. `path`: as messages name it. */
AL_MUST_USE enum al_err al_conf_load_fd(int fd, const char *path, struct al_conf **out, char *message,
					size_t message_cap);
void al_conf_free(struct al_conf *conf);
/*
 * The section and key must exist in the schema (asserted). Strings live as long as conf; those of keys that may change
 * while a daemon runs until the next al_conf_take().
 */
const char *al_conf_str(const struct al_conf *conf, const char *section, const char *key);
uint64_t al_conf_u64(const struct al_conf *conf, const char *section, const char *key);
bool al_conf_bool(const struct al_conf *conf, const char *section, const char *key);
/* Values of a comma-separated list: start with rest = al_slice_str(al_conf_str(...)). */
bool al_conf_next(struct al_slice *rest, struct al_slice *value);
/* Path value (or any relative path) made absolute from the file's directory; C string in out. */
AL_MUST_USE enum al_err al_conf_path(const struct al_conf *conf, const char *relative, char *out, size_t cap);
/* Port of an endpoint key, with `[network] ports` taken into account. */
uint16_t al_conf_port(const struct al_conf *conf, const char *section, const char *key);
/* All keys with their present values and docs, as a file that loads to the same. */
struct al_buf;
void al_conf_print(const struct al_conf *conf, struct al_buf *out);

/* Each key of which `next` has another value; `live`: it may change while a daemon runs. */
typedef void (*al_conf_differ_fn)(void *arg, const char *section, const char *key, const char *value, bool live);
void al_conf_differ(const struct al_conf *conf, const struct al_conf *next, al_conf_differ_fn fn, void *arg);
/* The values of keys that may change while a daemon runs change places: strings of `next` are then `conf`'s. */
void al_conf_take(struct al_conf *conf, struct al_conf *next);

#endif
