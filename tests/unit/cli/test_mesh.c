/* SPDX-License-Identifier: MIT */
/*
 * test_mesh.c -- the mesh half of a node: links of either half, the key of a link, what is rendered for members and gateways,
 * what babeld says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/rpsl/object.h"
#include "node/node_key.h"
#include "node/node_mesh.h"
#include "node/render_mesh.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void base64_of(const uint8_t bytes[static 32], char out[static NODE_KEY_LEN])
{
	sodium_bin2base64(out, NODE_KEY_LEN, bytes, 32, sodium_base64_VARIANT_ORIGINAL);
}

static void pair_make(uint8_t fill, char secret[static NODE_KEY_LEN], char public[static NODE_KEY_LEN])
{
	uint8_t bytes[32], point[32];

	memset(bytes, fill, sizeof(bytes));
	assert_int_equal(crypto_scalarmult_base(point, bytes), 0);
	base64_of(bytes, secret);
	base64_of(point, public);
}

/* ---- links ---- */

static struct al_object *peering_of(const char *links)
{
	struct al_object *made = NULL;
	struct al_buf text;
	bool deletes;

	al_buf_init(&text, 4096);
	al_buf_printf(&text, "peering: AAA:BBB\n%smnt-by: A-MNT\nsource: T1\n", links);
	assert_int_equal(al_object_build(&(struct al_build){ .raw = al_buf_view(&text) }, NULL, &made, &deletes),
			 AL_OK);
	al_buf_release(&text);
	return made;
}

static void a_link_is_of_one_half(void **state)
{
	struct al_object *peering = peering_of("link: fibre\nlink: wireguard 1 2 " HEX " " HEX " mesh\n"
					       "link: wireguard 3 4 " HEX " " HEX "\n");
	struct al_object *bare = peering_of("link: wireguard 5 6 mesh\n");
	struct node_link link;

	(void)state;
	assert_true(node_link_read(peering, true, &link));
	assert_int_equal(link.port[0], 1);
	assert_string_equal(link.key[1], HEX64);
	assert_true(node_link_read(peering, false, &link));
	assert_int_equal(link.port[1], 4);
	assert_false(node_link_read(bare, false, &link));
	assert_true(node_link_read(bare, true, &link));
	assert_string_equal(link.key[0], "");
	al_object_unref(peering);
	al_object_unref(bare);
}

/* ---- keys ---- */

static void both_ends_have_one_secret(void **state)
{
	char secret[3][NODE_KEY_LEN], public[3][NODE_KEY_LEN];
	uint8_t first[NODE_LINK_SECRET_LEN], second[NODE_LINK_SECRET_LEN], third[NODE_LINK_SECRET_LEN];

	(void)state;
	for (uint8_t i = 0; i < 3; i++)
		pair_make((uint8_t)(8 * (i + 1)), secret[i], public[i]);
	assert_int_equal(node_link_secret(secret[0], public[1], true, first), AL_OK);
	assert_int_equal(node_link_secret(secret[1], public[0], false, second), AL_OK);
	assert_memory_equal(first, second, sizeof(first));
	assert_int_equal(node_link_secret(secret[2], public[0], false, third), AL_OK);
	assert_memory_not_equal(first, third, sizeof(first));
	/* A key that makes every exchange the same is none. */
	assert_int_equal(node_link_secret(secret[0], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", true, third),
			 AL_EINVAL);
	assert_int_equal(node_link_secret(secret[0], "short", true, third), AL_EINVAL);
}

/* ---- rendering ---- */

struct setting {
	struct node_view *view;
	struct render_settings *settings;
	struct render *render;
};

static void peer_add(struct setting *s, const char *name, unsigned port, bool mesh)
{
	struct node_peer *peer = &s->view->peers[s->view->peer_count++];
	char secret[NODE_KEY_LEN];

	snprintf(peer->name, sizeof(peer->name), "%s", name);
	pair_make(16, secret, peer->wg_key);
	peer->port = port;
	peer->mesh = mesh;
}

static int setting_make(void **state)
{
	struct setting *s = calloc(1, sizeof(*s));
	char public[NODE_KEY_LEN];

	s->view = calloc(1, sizeof(*s->view));
	s->settings = calloc(1, sizeof(*s->settings));
	s->render = calloc(1, sizeof(*s->render));
	assert_int_equal(al_prefix_parse(AL_S("fca1::/16"), &s->view->super), AL_OK);
	pair_make(8, s->settings->private_key, public);
	snprintf(s->settings->mesh_address, sizeof(s->settings->mesh_address), "fca1:8123::1");
	s->settings->mesh = NODE_MESH_MEMBER;
	peer_add(s, "BOB-R1", 10000, false);
	peer_add(s, "CAT-R1", 10001, true);
	*state = s;
	return 0;
}

static int setting_free(void **state)
{
	struct setting *s = *state;

	render_release(s->render);
	free(s->render);
	free(s->settings);
	free(s->view);
	free(s);
	return 0;
}

static bool has(const struct setting *s, const char *path, const char *text)
{
	for (size_t i = 0; i < s->render->count; i++)
		if (strcmp(s->render->files[i].path, path) == 0)
			return memmem(s->render->files[i].text.ptr, s->render->files[i].text.len, text, strlen(text)) !=
			       NULL;
	fail_msg("no %s", path);
	return false;
}

static void a_member_passes_nothing_between_the_halves(void **state)
{
	struct setting *s = *state;
	struct al_buf bird;

	assert_int_equal(render_mesh(s->view, s->settings, s->render), AL_OK);
	assert_int_equal(s->render->files[0].mode, 0600);
	assert_true(has(s, RENDER_BABEL_PATH, "interface al-10001 type tunnel key al-10001 "));
	assert_false(has(s, RENDER_BABEL_PATH, "al-10000"));
	assert_true(has(s, RENDER_BABEL_PATH, "in ip fca1:8123::1/128 deny\nin ip fca1:8000::/20 eq 128 allow\n"));
	assert_true(has(s, RENDER_BABEL_PATH, "in ip fca1::/17 eq 17 allow\nin deny\n"));
	assert_true(has(s, RENDER_BABEL_PATH, "redistribute local deny\nredistribute deny\n"));
	assert_true(has(s, RENDER_MESH_NFT_PATH, "elements = { \"al-10001\" }; }"));
	assert_true(has(s, RENDER_MESH_NFT_PATH,
			"iifname @links oifname \"al-*\" oifname != @links counter name from_mesh drop"));
	assert_true(has(s, RENDER_MESH_NFT_PATH, "ip6 saddr fca1:c000::/18 counter name reserved drop"));
	al_buf_init(&bird, 4096);
	render_mesh_bird(s->view, s->settings, &bird);
	assert_int_equal(bird.len, 0);
	al_buf_release(&bird);
}

/* Told to be one, and let by the log: only then. */
static void a_gateway_is_one_by_its_holder_and_the_log(void **state)
{
	struct setting *s = *state;

	s->settings->mesh = NODE_MESH_GATEWAY;
	assert_false(render_mesh_gateway(s->view, s->settings));
	s->view->gateway = true;
	assert_int_equal(al_addr_parse(AL_S("fca1:8bad::1"), &s->view->revoked[0]), AL_OK);
	s->view->revoked_count = 1;
	assert_int_equal(al_prefix_parse(AL_S("fca1:a100::/48"), &s->view->mesh_prefixes[0]), AL_OK);
	s->view->mesh_prefix_count = 1;
	assert_int_equal(render_mesh(s->view, s->settings, s->render), AL_OK);
	assert_true(has(s, RENDER_BABEL_PATH, "redistribute ip fca1::/17 eq 17 proto 12 allow\n"));
	assert_true(has(s, RENDER_BABEL_PATH, "in ip fca1:8bad::1/128 deny\nin ip fca1:8000::/20 eq 128 allow\n"));
	assert_false(has(s, RENDER_BABEL_PATH, "in ip fca1::/17"));
	assert_true(has(s, RENDER_BABEL_PATH, "redistribute ip fca1:a100::/48 eq 48 allow\nredistribute deny\n"));
	assert_true(has(s, RENDER_MESH_NFT_PATH, "iifname != \"al-*\" ip6 saddr fca1:a100::/48 return\n"));
	assert_true(has(s, RENDER_MESH_NFT_PATH, "iifname @links oifname != @links ip6 saddr != fca1:8000::/17 "));
	assert_true(
		has(s, RENDER_MESH_NFT_PATH, "iifname != @links ip6 saddr fca1:8000::/17 ip6 daddr fca1:8000::/17 "));
	s->settings->mesh = NODE_MESH_MEMBER;
	assert_false(render_mesh_gateway(s->view, s->settings));
}

static void what_cannot_be_halved_is_refused(void **state)
{
	struct setting *s = *state;

	assert_int_equal(al_prefix_parse(AL_S("fca0::/15"), &s->view->super), AL_OK);
	assert_int_equal(render_mesh(s->view, s->settings, s->render), AL_EINVAL);
	assert_int_equal(al_prefix_parse(AL_S("fca1::/16"), &s->view->super), AL_OK);
	s->view->peers[1].wg_key[5] = '!';
	assert_int_equal(render_mesh(s->view, s->settings, s->render), AL_EINVAL);
}

/* ---- babeld ---- */

static const char dump[] =
	"BABEL 1.0\nversion babeld-1.12.1\nok\nadd interface al-10000 up true ipv6 fe80::a1a:1\n"
	"add neighbour 55 address fe80::a1a:2 if al-10000 reach ffff ureach 0000 rxcost 96 txcost 96 cost 96\n"
	"add neighbour 56 address fe80::a1a:2 if al-10001 reach 0000 rxcost 65535 txcost 96 cost 65535\n"
	"add route a prefix fca1:8123::9/128 from ::/0 installed yes id 1 metric 96 refmetric 0 via fe80::1 if "
	"al-10000\n"
	"add route b prefix fca1:8124::9/128 from ::/0 installed no id 1 metric 65535 refmetric 0 via fe80::1 if "
	"al-10000\n"
	"add route c prefix fca1::/17 from ::/0 installed yes id 1 metric 96 refmetric 0 via fe80::1 if al-10000\nok\n";

static void what_babeld_says_is_read(void **state)
{
	struct al_prefix super;
	struct node_mesh_routes routes;

	(void)state;
	assert_int_equal(al_prefix_parse(AL_S("fca1::/16"), &super), AL_OK);
	assert_true(node_mesh_heard(al_slice_str(dump), "al-10000"));
	assert_false(node_mesh_heard(al_slice_str(dump), "al-10001"));
	assert_false(node_mesh_heard(al_slice_str(dump), "al-1000"));
	routes = node_mesh_routes(al_slice_str(dump), &super);
	assert_int_equal(routes.nodes, 1);
	assert_true(routes.out);
	for (size_t len = 0; len < sizeof(dump); len++) {
		routes = node_mesh_routes(al_slice_of(dump, len), &super);
		assert_true(routes.nodes <= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_of_one_half),
		cmocka_unit_test(both_ends_have_one_secret),
		cmocka_unit_test_setup_teardown(a_member_passes_nothing_between_the_halves, setting_make, setting_free),
		cmocka_unit_test_setup_teardown(a_gateway_is_one_by_its_holder_and_the_log, setting_make, setting_free),
		cmocka_unit_test_setup_teardown(what_cannot_be_halved_is_refused, setting_make, setting_free),
		cmocka_unit_test(what_babeld_says_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
