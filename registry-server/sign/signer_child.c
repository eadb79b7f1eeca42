/* SPDX-License-Identifier: MIT */
/*
 * signer_child.c -- the signing process. One thread, one blocking loop.
 *
 * Order of its life: cut all ties (descriptors, signals, dumps), read the key
 * into locked memory, open the guard, put on the filter, then answer. After the
 * filter nothing allocates. The guard is written before each answer and synced
 * to the disk every 10 ms at most, after an answer: the disk works while the
 * ledger writes the same commit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/net/child.h"
#include "alamo/net/loop.h"
#include "alamo/tlog/witness.h"
#include "signer_wire.h"

#define KEY_FILE_MAX 1024
#define SYNC_MS 10 /* the guard's file is this much ahead of its disk */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

struct child {
	int socket;
	struct al_skey *key; /* sodium_malloc: locked, not in dumps, guard pages */
	struct guard guard;
	uint64_t synced_ms;
	bool failed;            /* the guard's disk; until it is synced again */
	struct al_skey *dating; /* likewise: the same key, as the one that dates */
	struct al_buf text;     /* of the checkpoint in hand; these four are grown before the filter */
	struct al_buf out;
	struct al_buf note;
	struct al_buf scratch;
	uint8_t in[SIGNER_MESSAGE_MAX];
	struct al_hash proof[AL_PROOF_MAX];
};

/* ---- alone ---- */

static const char *key_read(const char *path, struct al_skey *out)
{
	char *text = sodium_malloc(KEY_FILE_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *why = "is not a signing key";
	struct stat st;
	ssize_t len = -1;

	if (text == NULL)
		return "finds no locked memory (RLIMIT_MEMLOCK)";
	if (fd < 0) {
		sodium_free(text);
		return "cannot be read";
	}
	if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0)
		al_log(AL_LOG_WARN, "log-key", "path=%s is readable by others", path);
	len = read(fd, text, KEY_FILE_MAX);
	(void)close(fd);
	if (len > 0 && al_skey_parse(al_slice_trim(al_slice_of(text, (size_t)len)), out) == AL_OK)
		why = NULL;
	sodium_free(text);
	return why;
}

static const char *guard_word(enum al_err err)
{
	switch (err) {
	case AL_ENOTFOUND:
		return "is missing: what was signed is not known. `alamo recover DIR --from ADDRESS` brings the "
		       "ledger up to a mirror's and makes a new guard";
	case AL_EEXIST:
		return "exists: this key has signed a ledger before; make the new authority in another directory";
	case AL_EVERIFY:
		return "is damaged or belongs to another key. If it is damaged: delete it, then `alamo recover DIR "
		       "--from ADDRESS`";
	default:
		return "cannot be read and written";
	}
}

/* A descriptor in the first argument, of which the system looks at 32 bits. */
static struct scmp_arg_cmp arg_is(int fd)
{
	return (struct scmp_arg_cmp){
		.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = (scmp_datum_t)fd
	};
}

/* Everything but the words between the two processes and the guard is over. */
static bool filter_on(const struct child *c)
{
	const struct scmp_arg_cmp fd_socket = arg_is(c->socket), fd_words = arg_is(STDERR_FILENO),
				  fd_guard = arg_is(c->guard.fd);
	const struct {
		int call;
		const struct scmp_arg_cmp *arg;
	} rules[] = {
		{ SCMP_SYS(read), &fd_socket },      { SCMP_SYS(write), &fd_socket },    { SCMP_SYS(write), &fd_words },
		{ SCMP_SYS(pwrite64), &fd_guard },   { SCMP_SYS(fdatasync), &fd_guard }, { SCMP_SYS(poll), NULL },
		{ SCMP_SYS(ppoll), NULL },           { SCMP_SYS(clock_gettime), NULL },  { SCMP_SYS(time), NULL },
		{ SCMP_SYS(restart_syscall), NULL }, { SCMP_SYS(exit_group), NULL },
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < AL_COUNT(rules); i++)
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].arg != NULL ? 1 : 0,
					    rules[i].arg);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	errno = -rc;
	return rc == 0;
}

/* ---- messages ---- */

static void send_out(struct child *c)
{
	if (c->out.err != AL_OK || write(c->socket, c->out.ptr, c->out.len) != (ssize_t)c->out.len)
		_exit(1);
}

static void answer(struct child *c, enum al_err err, struct al_slice bytes)
{
	al_buf_reset(&c->out);
	al_buf_u8(&c->out, (uint8_t)err);
	al_buf_slice(&c->out, bytes);
	send_out(c);
}

static bool read_step(struct child *c, struct al_reader *r, struct guard_step *step)
{
	step->base = al_read_u64(r);
	step->next = signer_read_checkpoint(r);
	step->proof_count = al_read_u8(r);
	step->proof = c->proof;
	if (step->proof_count > AL_PROOF_MAX)
		return false;
	for (size_t i = 0; i < step->proof_count; i++)
		c->proof[i] = signer_read_hash(r);
	return r->err == AL_OK;
}

/* A head that this key did not sign is no head. */
static enum al_err begin(struct child *c, const struct guard_step *step, struct al_slice note)
{
	struct al_checkpoint said;
	enum al_err err;

	if (step->next.size > 0 && (al_checkpoint_open(note, &c->key->pub, &said) != AL_OK ||
				    said.size != step->next.size || !al_hash_eq(&said.root, &step->next.root)))
		return AL_EVERIFY;
	err = guard_begin(&c->guard, step);
	if (err == AL_OK)
		err = guard_write(&c->guard);
	return err == AL_OK ? guard_sync(&c->guard) : err;
}

/* After a failure what was written may be gone from memory as well. */
static void sync_now(struct child *c)
{
	if (c->failed && guard_write(&c->guard) != AL_OK)
		return;
	c->failed = guard_sync(&c->guard) != AL_OK;
	c->synced_ms = al_now_ms();
}

static enum al_err sign(struct child *c, const struct guard_step *step)
{
	enum al_err err;

	if (c->failed)
		sync_now(c);
	if (c->failed)
		return AL_EIO;
	err = guard_advance(&c->guard, step);
	if (err == AL_OK)
		err = guard_write(&c->guard);
	if (err != AL_OK) {
		c->failed = err == AL_EIO;
		return err;
	}
	al_buf_reset(&c->text);
	al_buf_reset(&c->note);
	al_checkpoint_format(al_slice_str(c->key->pub.name), &step->next, &c->text);
	al_note_sign(al_buf_view(&c->text), c->key, &c->note);
	return c->text.err != AL_OK ? c->text.err : c->note.err;
}

/* It adds nothing to what was signed, so the guard has nothing to remember; but it must be what everybody was shown. */
static enum al_err date(struct child *c, const struct al_checkpoint *cp)
{
	if (c->guard.blank || cp->size == 0 || cp->size != c->guard.kept.size ||
	    !al_hash_eq(&cp->root, &c->guard.kept.root))
		return AL_ESTALE;
	al_buf_reset(&c->text);
	al_buf_reset(&c->note);
	al_checkpoint_format(al_slice_str(c->key->pub.name), cp, &c->text);
	al_cosign_in(&c->scratch, al_buf_view(&c->text), c->dating, al_now_s(), &c->note);
	return c->text.err != AL_OK ? c->text.err : c->note.err;
}

static void message(struct child *c, size_t len)
{
	struct al_reader r = al_reader_of(c->in, len);
	uint8_t kind = al_read_u8(&r);
	struct guard_step step;
	struct al_checkpoint cp;
	enum al_err err;

	if (kind == SIGNER_DATE) {
		cp = signer_read_checkpoint(&r);
		err = r.err == AL_OK ? date(c, &cp) : r.err;
		answer(c, err, err == AL_OK ? al_buf_view(&c->note) : al_slice_of(NULL, 0));
		return;
	}
	if (kind == SIGNER_KEPT) {
		guard_keep(&c->guard);
		c->failed = guard_write(&c->guard) != AL_OK || c->failed;
		return;
	}
	if ((kind != SIGNER_BEGIN && kind != SIGNER_SIGN) || !read_step(c, &r, &step))
		_exit(1);
	if (kind == SIGNER_BEGIN) {
		answer(c, begin(c, &step, al_slice_of(r.ptr, r.left)), al_slice_of(NULL, 0));
		return;
	}
	err = sign(c, &step);
	answer(c, err, err == AL_OK ? al_buf_view(&c->note) : al_slice_of(NULL, 0));
	if (al_now_ms() - c->synced_ms >= SYNC_MS)
		sync_now(c);
}

_Noreturn static void serve(struct child *c)
{
	for (;;) {
		struct pollfd fd = { .fd = c->socket, .events = POLLIN };
		ssize_t len;

		if (poll(&fd, 1, c->guard.unsynced ? SYNC_MS : -1) <= 0) {
			sync_now(c);
			continue;
		}
		len = read(c->socket, c->in, sizeof(c->in));
		if (len <= 0) /* it handles no signal that could interrupt it: the parent is gone */
			break;
		message(c, (size_t)len);
	}
	sync_now(c);
	sodium_memzero(c->key, sizeof(*c->key));
	sodium_memzero(c->dating, sizeof(*c->dating));
	_exit(c->failed ? 1 : 0);
}

/* ---- life ---- */

_Noreturn static void give_up(struct child *c, const char *path, const char *why, enum al_err err)
{
	al_log(AL_LOG_ERROR, "signer", "path=%s reason=\"%s\"", path, why);
	answer(c, err, al_slice_of(NULL, 0));
	_exit(1);
}

static void hello(struct child *c)
{
	al_buf_reset(&c->out);
	al_buf_u8(&c->out, AL_OK);
	signer_put_checkpoint(&c->out, &c->guard.kept);
	signer_put_checkpoint(&c->out, &c->guard.last);
	al_vkey_format(&c->key->pub, &c->out);
	send_out(c);
}

/* Memory for what will be said, now. */
static bool buffers_grown(struct child *c)
{
	struct al_buf *const all[] = { &c->text, &c->out, &c->note, &c->scratch };

	for (size_t i = 0; i < AL_COUNT(all); i++) {
		al_buf_init(all[i], SIGNER_MESSAGE_MAX);
		al_buf_put(all[i], c->in, sizeof(c->in));
		if (all[i]->err != AL_OK)
			return false;
		al_buf_reset(all[i]);
	}
	return true;
}

void signer_child(const struct signer_setup *setup)
{
	struct child child = { .socket = setup->socket };
	struct child *c = &child;
	const char *why;
	enum al_err err;

	if (!buffers_grown(c))
		_exit(1);
	if (!al_child_alone(setup->socket, setup->parent, "alamo-signer"))
		give_up(c, "", "the process cannot be closed off", AL_ESYS);
	c->socket = AL_CHILD_SOCKET;
	c->key = sodium_malloc(sizeof(*c->key));
	c->dating = sodium_malloc(sizeof(*c->dating));
	why = c->key != NULL && c->dating != NULL ? key_read(setup->key_path, c->key)
						  : "finds no locked memory (RLIMIT_MEMLOCK)";
	if (why != NULL)
		give_up(c, setup->key_path, why, AL_EINVAL);
	if (memcmp(setup->log.pk, c->key->pub.pk, sizeof(setup->log.pk)) == 0)
		c->key->pub.past = setup->log.past;
	else if (setup->log.past != NULL)
		give_up(c, setup->key_path, "is not the key that the log has by now, as [log] key says", AL_EINVAL);
	al_skey_dating(c->key, c->dating);
	err = guard_open(setup->guard_path, &c->key->pub, setup->mode, &c->guard);
	if (err != AL_OK)
		give_up(c, setup->guard_path, guard_word(err), err);
	if (SANITIZED || !filter_on(c))
		al_log(AL_LOG_WARN, "signer-unfiltered", "reason=\"%s\"",
		       SANITIZED ? "built with a sanitizer" : strerror(errno));
	hello(c);
	serve(c);
}
