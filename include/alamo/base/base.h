/* SPDX-License-Identifier: MIT */
/*
 * base.h -- result codes, attributes and small helpers that every module uses.
 *
 * One error enum for the whole house. AL_OK is 0, all others are failures;
 * a result is never mixed with a count, an errno or a library's code: those
 * are translated where they are seen. Out parameters come last and are not
 * touched on failure unless a header says otherwise.
 */
#ifndef ALAMO_BASE_H
#define ALAMO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AL_HASH_LEN 32 /* SHA-256, in bytes */

enum al_err {
	AL_OK = 0,
	AL_ENOMEM,       /* an allocation failed; nothing changed */
	AL_EINVAL,       /* malformed input or argument */
	AL_ELIMIT,       /* over a stated bound (size, count, depth) */
	AL_ENOTFOUND,    /* no such object, entry, name or file */
	AL_EEXIST,       /* already there */
	AL_ESTALE,       /* compare-and-set lost: the state moved on */
	AL_EVERIFY,      /* a signature, hash or proof does not verify */
	AL_EFORK,        /* two signed histories contradict each other */
	AL_EDENIED,      /* understood, and refused by a rule */
	AL_EAGAIN,       /* not now; the same call may succeed later */
	AL_ECLOSED,      /* the other side is gone */
	AL_EIO,          /* storage failed */
	AL_ESYS,         /* the operating system refused; logged at once */
	AL_EUNSUPPORTED, /* a form that we know of and do not take */
};

/* A constant word for logs and messages ("stale"); never NULL. */
const char *al_err_name(enum al_err err);

#define AL_MUST_USE __attribute__((warn_unused_result))
#define AL_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define AL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Scope-bound clean-up: `AL_CLEANUP(fn) T x` calls fn(&x) on leaving. */
#define AL_CLEANUP(fn) __attribute__((cleanup(fn)))

#endif
