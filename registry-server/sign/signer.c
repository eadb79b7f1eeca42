/* SPDX-License-Identifier: MIT */
/*
 * signer.c -- the registry's side of the signing process.
 *
 * signer_start() and signer_stop() on the main thread; begin, sign and kept on
 * whatever thread the ledger uses, one at a time.
 */
#include "signer.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alamo/net/conf.h"
#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/net/loop.h"
#include "alamo/tlog/witness.h"
#include "signer_wire.h"

#define ANSWER_S 20 /* no answer for so long: the child hangs */
#define KEY_SUFFIX ".key"
#define GUARD_SUFFIX ".guard"

struct signer {
	int socket;
	pid_t pid;
	int watch; /* pidfd, or -1 */
	struct al_vkey key;
	struct al_checkpoint kept; /* as the guard had it at the start, or took it by begin() */
	char guard_path[PATH_MAX];
	struct al_buf out;
	uint8_t in[SIGNER_MESSAGE_MAX];
	size_t in_len;
};

struct al_hash signer_read_hash(struct al_reader *r)
{
	struct al_slice bytes = al_read_bytes(r, AL_HASH_LEN);
	struct al_hash hash = { { 0 } };

	if (bytes.len == AL_HASH_LEN)
		memcpy(hash.b, bytes.ptr, AL_HASH_LEN);
	return hash;
}

struct al_checkpoint signer_read_checkpoint(struct al_reader *r)
{
	struct al_checkpoint cp = { .size = al_read_u64(r) };

	cp.root = signer_read_hash(r);
	return cp;
}

/* ---- questions and answers ---- */

/* One message of the child into `in`; its first byte, or why there is none. */
static enum al_err receive(struct signer *s, struct al_reader *r)
{
	ssize_t len;
	uint8_t err;

	do
		len = recv(s->socket, s->in, sizeof(s->in), 0);
	while (len < 0 && errno == EINTR);
	if (len <= 0) {
		al_log(AL_LOG_ERROR, "signer-gone", "reason=\"%s\"", len == 0 ? "it ended" : strerror(errno));
		return AL_ECLOSED;
	}
	*r = al_reader_of(s->in, (size_t)len);
	err = al_read_u8(r);
	return err <= AL_EUNSUPPORTED ? (enum al_err)err : AL_EINVAL;
}

static enum al_err tell(struct signer *s)
{
	ssize_t put;

	if (s->out.err != AL_OK)
		return s->out.err;
	do
		put = send(s->socket, s->out.ptr, s->out.len, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put == (ssize_t)s->out.len)
		return AL_OK;
	al_log(AL_LOG_ERROR, "signer-gone", "reason=\"%s\"", strerror(errno));
	return AL_ECLOSED;
}

static enum al_err ask(struct signer *s, struct al_reader *r)
{
	enum al_err err = tell(s);

	return err == AL_OK ? receive(s, r) : err;
}

/* The tree as it is, with its proof from `base`. */
static void put_step(struct signer *s, uint8_t kind, const struct al_tree *tree, uint64_t base,
		     struct al_checkpoint *next)
{
	struct al_hash proof[AL_PROOF_MAX];
	size_t count = 0;

	next->size = al_tree_size(tree);
	next->root = al_tree_root(tree, next->size);
	if (base > 0 && base < next->size)
		count = al_tree_consistency(tree, base, next->size, proof);
	al_buf_reset(&s->out);
	al_buf_u8(&s->out, kind);
	al_buf_u64(&s->out, base);
	signer_put_checkpoint(&s->out, next);
	al_buf_u8(&s->out, (uint8_t)count);
	for (size_t i = 0; i < count; i++)
		al_buf_put(&s->out, proof[i].b, sizeof(proof[i].b));
}

static void refusal_log(const struct signer *s, enum al_err err, const struct al_checkpoint *head)
{
	const char *what = "the ledger cannot be signed";

	if (err == AL_ESTALE)
		what = "this ledger is older than what was signed, as if a backup had been restored, or a database had "
		       "lost what it confirmed. Signing on would fork the log. Bring it forward from a mirror or "
		       "follower: alamo recover DIR --from ADDRESS";
	else if (err == AL_EFORK)
		what = "this ledger contradicts what was signed: it is another history. Stop whatever registry writes "
		       "it, and restore the right one";
	else if (err == AL_EVERIFY)
		what = "the newest checkpoint is not signed by this key";
	al_log(AL_LOG_ERROR, "signer-refused",
	       "ledger-size=%" PRIu64 " signed-size=%" PRIu64 " guard=%s error=%s reason=\"%s\"", head->size,
	       s->kept.size, s->guard_path, al_err_name(err), what);
}

static enum al_err face_begin(void *arg, const struct al_tree *tree, struct al_slice note)
{
	struct signer *s = arg;
	struct al_checkpoint head;
	struct al_reader r;
	enum al_err err;

	put_step(s, SIGNER_BEGIN, tree, s->kept.size, &head);
	al_buf_slice(&s->out, note);
	err = ask(s, &r);
	if (err != AL_OK) {
		refusal_log(s, err, &head);
		return err;
	}
	s->kept = head;
	return AL_OK;
}

static enum al_err face_sign(void *arg, const struct al_tree *tree, uint64_t base, struct al_buf *note)
{
	struct signer *s = arg;
	struct al_checkpoint next;
	struct al_reader r;
	enum al_err err;

	put_step(s, SIGNER_SIGN, tree, base, &next);
	err = ask(s, &r);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "signer-refused", "base=%" PRIu64 " size=%" PRIu64 " error=%s", base, next.size,
		       al_err_name(err));
		return err;
	}
	al_buf_slice(note, al_slice_of(r.ptr, r.left));
	return note->err;
}

static void face_kept(void *arg)
{
	struct signer *s = arg;

	al_buf_reset(&s->out);
	al_buf_u8(&s->out, SIGNER_KEPT);
	/* The commit is durable all the same, and the next signature fails. */
	if (tell(s) != AL_OK)
		al_log(AL_LOG_ERROR, "signer-gone", "step=kept");
}

static enum al_err face_date(void *arg, const struct al_checkpoint *cp, struct al_buf *note)
{
	struct signer *s = arg;
	struct al_reader r;
	enum al_err err;

	al_buf_reset(&s->out);
	al_buf_u8(&s->out, SIGNER_DATE);
	signer_put_checkpoint(&s->out, cp);
	err = ask(s, &r);
	if (err == AL_OK)
		al_buf_slice(note, al_slice_of(r.ptr, r.left));
	return err == AL_OK ? note->err : err;
}

struct ledger_signer signer_face(struct signer *signer)
{
	return (struct ledger_signer){ face_begin, face_sign, face_kept, face_date, signer };
}

/* ---- life ---- */

/* keys/log.key -> keys/log.guard */
static enum al_err guard_name(const char *key_path, char out[static PATH_MAX])
{
	struct al_slice stem = al_slice_str(key_path);
	struct al_buf name;
	enum al_err err;

	if (al_slice_ends(stem, KEY_SUFFIX))
		stem.len -= sizeof(KEY_SUFFIX) - 1;
	al_buf_init(&name, PATH_MAX);
	al_buf_slice(&name, stem);
	al_buf_str(&name, GUARD_SUFFIX);
	err = name.err == AL_OK ? al_slice_copy(al_buf_view(&name), out, PATH_MAX) : name.err;
	al_buf_release(&name);
	return err;
}

static enum al_err hello(struct signer *s)
{
	struct al_reader r;
	enum al_err err = receive(s, &r);

	if (err != AL_OK)
		return err; /* the child has said why */
	s->kept = signer_read_checkpoint(&r);
	(void)signer_read_checkpoint(&r);
	return r.err == AL_OK ? al_vkey_parse(al_slice_of(r.ptr, r.left), &s->key) : r.err;
}

/* A log that had other keys before has them in [log] key; with one key ever nobody needs the file here. */
static enum al_err past_read(const struct al_conf *conf, struct al_vkey *out)
{
	char path[PATH_MAX];
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "log", "key"), path, sizeof(path));

	*out = (struct al_vkey){ .past = NULL };
	return err == AL_OK && access(path, F_OK) == 0 ? al_conf_log_key(conf, out) : err;
}

static enum al_err child_fork(struct signer *s, struct signer_setup *setup)
{
	static const struct timeval patience = { .tv_sec = ANSWER_S };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return AL_ESYS;
	setup->socket = ends[1];
	setup->parent = (int)getpid();
	s->pid = fork();
	if (s->pid == 0) {
		(void)close(ends[0]);
		signer_child(setup);
	}
	(void)close(ends[1]);
	s->socket = ends[0];
	if (s->pid < 0)
		return AL_ESYS;
	(void)setsockopt(s->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	s->watch = (int)syscall(SYS_pidfd_open, s->pid, 0);
	return AL_OK;
}

enum al_err signer_start(const struct al_conf *conf, enum guard_mode mode, struct signer **out)
{
	struct signer_setup *setup = calloc(1, sizeof(*setup));
	struct signer *s = calloc(1, sizeof(*s));
	enum al_err err = setup != NULL && s != NULL ? AL_OK : AL_ENOMEM;

	if (err == AL_OK) {
		*s = (struct signer){ .socket = -1, .pid = -1, .watch = -1 };
		al_buf_init(&s->out, SIGNER_MESSAGE_MAX);
		setup->mode = mode;
		err = al_conf_path(conf, al_conf_str(conf, "registry", "log-key"), setup->key_path, PATH_MAX);
	}
	if (err == AL_OK)
		err = guard_name(setup->key_path, setup->guard_path);
	if (err == AL_OK)
		err = al_slice_copy(al_slice_str(setup->guard_path), s->guard_path, PATH_MAX);
	if (err == AL_OK)
		err = past_read(conf, &setup->log);
	if (err == AL_OK)
		err = child_fork(s, setup);
	if (err == AL_OK)
		err = hello(s);
	if (err == AL_OK && memcmp(s->key.pk, setup->log.pk, sizeof(s->key.pk)) == 0)
		s->key.past = setup->log.past;
	free(setup);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "signer-start", "error=%s", al_err_name(err));
		if (s != NULL && s->pid > 0)
			(void)kill(s->pid, SIGKILL);
		signer_stop(s);
		return err;
	}
	al_log(AL_LOG_INFO, "signer", "pid=%ld guard=%s size=%" PRIu64, (long)s->pid, s->guard_path, s->kept.size);
	*out = s;
	return AL_OK;
}

void signer_stop(struct signer *signer)
{
	int status = 0;

	if (signer == NULL)
		return;
	if (signer->socket >= 0)
		(void)close(signer->socket);
	if (signer->pid > 0)
		while (waitpid(signer->pid, &status, 0) < 0 && errno == EINTR)
			;
	if (signer->watch >= 0)
		(void)close(signer->watch);
	al_buf_release(&signer->out);
	free(signer);
}

void signer_discard(struct signer *signer)
{
	if (signer == NULL)
		return;
	(void)unlink(signer->guard_path);
	signer_stop(signer);
}

const struct al_vkey *signer_key(const struct signer *signer)
{
	return &signer->key;
}

struct al_checkpoint signer_kept(const struct signer *signer)
{
	return signer->kept;
}

int signer_watch(const struct signer *signer)
{
	return signer->watch;
}

/* ---- without a process ---- */

static enum al_err local_begin(void *arg, const struct al_tree *tree, struct al_slice note)
{
	(void)arg;
	(void)tree;
	(void)note;
	return AL_OK;
}

static enum al_err local_sign(void *arg, const struct al_tree *tree, uint64_t base, struct al_buf *note)
{
	const struct al_skey *key = arg;
	struct al_checkpoint cp = { .size = al_tree_size(tree) };
	struct al_buf text;

	(void)base;
	cp.root = al_tree_root(tree, cp.size);
	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(key->pub.name), &cp, &text);
	if (text.err == AL_OK)
		al_note_sign(al_buf_view(&text), key, note);
	else
		note->err = note->err != AL_OK ? note->err : text.err;
	al_buf_release(&text);
	return note->err;
}

static void local_kept(void *arg)
{
	(void)arg;
}

static enum al_err local_date(void *arg, const struct al_checkpoint *cp, struct al_buf *note)
{
	const struct al_skey *key = arg;
	struct al_skey dating;
	struct al_buf text;

	al_skey_dating(key, &dating);
	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(key->pub.name), cp, &text);
	al_cosign(al_buf_view(&text), &dating, al_now_s(), note);
	al_buf_release(&text);
	al_skey_wipe(&dating);
	return note->err;
}

struct ledger_signer signer_local(struct al_skey *key)
{
	return (struct ledger_signer){ local_begin, local_sign, local_kept, local_date, key };
}
