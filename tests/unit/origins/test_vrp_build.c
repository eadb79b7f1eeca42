/* SPDX-License-Identifier: MIT */
/*
 * test_vrp_build.c -- the rule, replayed from tests/vectors/vrp: objects in, VRPs out, byte for byte.
 */
#include <dirent.h>
#include <string.h>

#include "routes.h"

#include "../read_file.h"
#include "vrp_build.h"

/* Objects are separated by empty lines; each is an entry of its own. '%' starts a line of explanation. */
static void load_objects(struct al_slice text, struct al_state *state)
{
	struct entry entry = { .count = 0 };
	struct al_slice line;
	struct al_buf object;
	bool more = true;

	al_buf_init(&object, READ_FILE_MAX);
	while (more) {
		more = al_slice_line(&text, &line);
		if (more && line.len != 0 && line.ptr[0] == '%')
			continue;
		if (more && line.len != 0) {
			al_buf_slice(&object, line);
			al_buf_u8(&object, '\n');
		} else if (object.len != 0) {
			entry_add(&entry, al_buf_view(&object));
			entry_put(&entry, state);
			al_buf_reset(&object);
		}
	}
	al_buf_release(&object);
}

static void replay(const char *name)
{
	char path[512];
	struct al_buf rpsl, want, got;
	struct al_state *state;
	const struct vrp *vrp;
	struct vrp_walk walk;
	struct vrp_set *set;

	al_buf_init(&rpsl, READ_FILE_MAX);
	al_buf_init(&want, READ_FILE_MAX);
	al_buf_init(&got, READ_FILE_MAX);
	(void)snprintf(path, sizeof(path), "vectors/vrp/%s.rpsl", name);
	if (!read_file(path, &rpsl))
		fail_msg("cannot read %s", path);
	(void)snprintf(path, sizeof(path), "vectors/vrp/%s.vrps", name);
	if (!read_file(path, &want))
		fail_msg("cannot read %s", path);
	assert_int_equal(al_state_new(&state), AL_OK);
	load_objects(al_buf_view(&rpsl), state);
	assert_int_equal(vrp_build(state, al_state_size(state), &set), AL_OK);
	vrp_walk_start(&walk, set);
	while ((vrp = vrp_walk_next(&walk)) != NULL) {
		vrp_format(vrp, &got);
		al_buf_u8(&got, '\n');
	}
	al_buf_u8(&want, 0);
	al_buf_u8(&got, 0);
	print_message("%s: %zu VRPs\n", name, set->count);
	assert_string_equal((const char *)got.ptr, (const char *)want.ptr);
	vrp_set_unref(set);
	al_state_free(state);
	al_buf_release(&rpsl);
	al_buf_release(&want);
	al_buf_release(&got);
}

static void vectors(void **state)
{
	DIR *dir = opendir(TEST_DATA "/vectors/vrp");
	struct dirent *item;
	char name[256];
	int count = 0;

	(void)state;
	assert_non_null(dir);
	while ((item = readdir(dir)) != NULL) {
		size_t len = strlen(item->d_name);

		if (len < 6 || len >= sizeof(name) || strcmp(item->d_name + len - 5, ".rpsl") != 0)
			continue;
		memcpy(name, item->d_name, len - 5);
		name[len - 5] = '\0';
		replay(name);
		count++;
	}
	(void)closedir(dir);
	assert_in_range(count, 5, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
