/* SPDX-License-Identifier: MIT */
/*
 * test_signer_process.c -- the process that holds the key: what its caller sees when it cannot write, or is gone.
 */
#include "signer_bench.h"

#include "../memory.h"

static pid_t pid_of(const struct signer *signer)
{
	char path[64], line[128];
	int pid = 0;
	FILE *info;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", signer_watch(signer));
	info = fopen(path, "re");
	assert_non_null(info);
	while (pid == 0 && fgets(line, sizeof(line), info) != NULL)
		if (sscanf(line, "Pid: %d", &pid) != 1)
			pid = 0;
	(void)fclose(info);
	assert_true(pid > 0);
	return pid;
}

/* Nothing is signed that the guard does not remember; when it can be written again, it goes on. */
static void a_guard_that_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, none;
	pid_t pid = pid_of(f->signer);

	sign_and_keep(f, 5);
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, NULL, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &none, NULL), 0);
	tree_grow(f->tree, "entry", 6);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(f->face.sign(f->face.arg, f->tree, 5, &f->note), AL_EIO);
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
	al_buf_reset(&f->note);
	assert_int_equal(f->face.sign(f->face.arg, f->tree, 5, &f->note), AL_OK);
	sign_and_keep(f, 9);
}

/* What it remembers follows on the disk: while it is asked without a pause, when it rests, and at the end. */
static void its_memory_follows(void **state)
{
	struct fixture *f = *state;
	unsigned before = syncs->count, size = 1;

	while (syncs->count == before && size < 20000)
		sign_and_keep(f, size++);
	assert_true(syncs->count > before);
	for (unsigned i = 0; i < 3; i++) {
		sign_and_keep(f, size++);
		before = syncs->count;
		for (unsigned j = 0; j < GUARD_MS && syncs->count == before; j++)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		assert_true(syncs->count > before);
	}
	sign_and_keep(f, size++);
	before = syncs->count;
	stop(f);
	assert_int_equal(start(f, GUARD_USE), AL_OK);
	assert_int_equal(signer_kept(f->signer).size, size - 1);
}

/* It does not wait for the disk each time. */
static void not_each_time(void **state)
{
	struct fixture *f = *state;
	unsigned before = syncs->count;
	uint64_t began = al_now_ms(), ended;

	for (unsigned size = 1; size <= 300; size++)
		sign_and_keep(f, size);
	ended = al_now_ms();
	assert_in_range(syncs->count - before, 1, (ended - began) / 10 + 2);
}

static void a_process_that_is_gone(void **state)
{
	struct fixture *f = *state;
	struct pollfd watch = { .fd = signer_watch(f->signer), .events = POLLIN };

	sign_and_keep(f, 5);
	assert_int_equal(poll(&watch, 1, 0), 0);
	assert_int_equal(kill(pid_of(f->signer), SIGKILL), 0);
	assert_int_equal(poll(&watch, 1, GUARD_MS), 1);
	said_begin(&f->said);
	assert_int_equal(sign(f, 6), AL_ECLOSED);
	f->face.kept(f->face.arg);
	(void)said_end(&f->said);
	assert_non_null(strstr(f->said.text, "event=signer-gone reason=\"Broken pipe\"\n"));
	assert_non_null(strstr(f->said.text, "event=signer-gone step=kept\n"));
}

static void no_memory_for_it(void **state)
{
	struct fixture *f = *state;

	stop(f);
	for (unsigned place = 1; place <= 2; place++) { /* what comes behind is in the other process */
		memory_fails = place;
		said_begin(&f->said);
		assert_int_equal(start(f, GUARD_USE), AL_ENOMEM);
		assert_non_null(strstr(said_end(&f->said), "event=signer-start error=no-memory\n"));
		assert_int_equal(memory_fails, 0);
		assert_null(f->signer);
	}
	assert_int_equal(start(f, GUARD_USE), AL_OK);
}

static int socket_of_the_signer(void)
{
	int type = 0, fd;

	for (fd = 3; fd < 1000 && type != SOCK_SEQPACKET; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){ sizeof(type) }) != 0)
			type = 0;
	assert_int_equal(type, SOCK_SEQPACKET);
	return fd - 1;
}

/* A question that is none is not answered: whoever can say such things is not the registry. */
static void what_is_no_question(void **state)
{
	static const struct {
		uint8_t kind, proofs;
		size_t len; /* SIZE_MAX: all of it */
	} rows[] = { { SIGNER_SIGN, 0, 30 },
		     { SIGNER_SIGN, 1, SIZE_MAX },
		     { SIGNER_SIGN, AL_PROOF_MAX + 1, SIZE_MAX },
		     { SIGNER_BEGIN, UINT8_MAX, SIZE_MAX },
		     { UINT8_MAX, 0, SIZE_MAX } };
	struct fixture *f = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_checkpoint cp = { .size = 1 };
		struct al_buf out;
		siginfo_t info;
		char answer;
		int fd;

		stop(f);
		assert_int_equal(start(f, GUARD_USE), AL_OK);
		assert_int_equal(f->face.begin(f->face.arg, f->tree, al_slice_of(NULL, 0)), AL_OK);
		fd = socket_of_the_signer();
		al_buf_init(&out, 1000);
		al_buf_u8(&out, rows[i].kind);
		al_buf_u64(&out, 0);
		signer_put_checkpoint(&out, &cp);
		al_buf_u8(&out, rows[i].proofs);
		assert_true(send(fd, out.ptr, rows[i].len < out.len ? rows[i].len : out.len, MSG_NOSIGNAL) > 0);
		assert_int_equal(recv(fd, &answer, 1, 0), 0);
		assert_int_equal(waitid(P_PID, (id_t)pid_of(f->signer), &info, WEXITED | WNOWAIT), 0);
		assert_int_equal(info.si_code, CLD_EXITED);
		assert_int_equal(info.si_status, 1);
		al_buf_release(&out);
	}
}

/* It ends when it has taken the question: what some other call left in errno is no reason to wait on. */
static void no_answer_comes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(shutdown(socket_of_the_signer(), SHUT_RD), 0);
	said_begin(&f->said);
	errno = EINTR;
	assert_int_equal(sign(f, 6), AL_ECLOSED);
	(void)said_end(&f->said);
	assert_non_null(strstr(f->said.text, "reason=\"it ended\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_guard_that_cannot_be_written),
		TEST(its_memory_follows),
		TEST(not_each_time),
		TEST(a_process_that_is_gone),
		TEST(what_is_no_question),
		TEST(no_answer_comes),
		TEST(no_memory_for_it),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
