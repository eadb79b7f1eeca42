/* SPDX-License-Identifier: MIT */
/*
 * registry_rig.h -- a registry without a network: ledger, pipeline and loop in
 * a folder of their own, founded, with members who sign.
 */
#ifndef SUPPORT_REGISTRY_RIG_H
#define SUPPORT_REGISTRY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "request/endpoints.h"
#include "request/pipeline.h"
#include "request/question.h"
#include "request/tariff.h"

#define RIG_NS AL_S("registry@test")
#define RIG_ANSWER 65536
/* Maintainers of two of the people. */
#define ALICE "mntner: ALICE-MNT\nauth: @1@\nmnt-by: ALICE-MNT\nsource: TEST\n"
#define BOB "mntner: BOB-MNT\nauth: @2@\nmnt-by: BOB-MNT\nsource: TEST\n"

enum rig_who { RIG_HOST, RIG_ALICE, RIG_BOB, RIG_CAROL, RIG_PEOPLE };

struct registry_rig {
	char dir[64], path[96];
	struct al_skey key;
	uint8_t seed[RIG_PEOPLE][32];
	char auth[RIG_PEOPLE][120]; /* value of auth: */
	struct al_loop *loop;
	struct ledger *ledger;
	struct pipeline *pipeline;
	struct al_conf *conf;
	struct endpoints endpoints;
	struct question_ctx question;
	_Atomic bool failing;    /* the signer gives AL_EIO, so commits fail, and nothing is dated */
	_Atomic unsigned signs;  /* the signer has been asked so often */
	_Atomic bool holding;    /* the signer waits until this is false, so commits take long */
	unsigned made;           /* requests */
	size_t answers;          /* that have come */
	char answer[RIG_ANSWER]; /* the newest */
};

/* Founded by RIG_HOST: one open as-block from AS4252660110 on, one open pool, one ask block. */
void registry_rig_start(struct registry_rig *rig);
void registry_rig_stop(struct registry_rig *rig);

/*
 * "request: rN", the header lines, an empty line, the objects, where @0@ is the key of person 0; signed by each of
 * `signers` (digits). Appended.
 */
void registry_rig_request(struct registry_rig *rig, const char *header, const char *objects, const char *signers,
			  struct al_buf *out);
/* Submits, and comes back with the answer. */
const char *registry_rig_send(struct registry_rig *rig, struct al_slice raw, const struct payer *source);
/* Both, from nobody in particular. */
const char *registry_rig_ask(struct registry_rig *rig, const char *header, const char *objects, const char *signers);
/* A question's whole answer. */
const char *registry_rig_question(struct registry_rig *rig, const char *line);
/* Notes an answer, as pipeline_submit() wants it; `arg` is the rig. */
void registry_rig_answer(void *arg, struct al_slice answer);
/* Runs the loop until so many answers have come. */
void registry_rig_wait(struct registry_rig *rig, size_t answers);

/* One for each test, as its state. */
int registry_rig_setup(void **state);
int registry_rig_teardown(void **state);
#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, registry_rig_setup, registry_rig_teardown)

/* Fails the test, with the answer, unless `what` is in it, or is not. */
void says(const char *answer, const char *what);
void does_not_say(const char *answer, const char *what);

#endif
