/* SPDX-License-Identifier: MIT */
/*
 * mesh_proof.c -- see mesh_proof.h.
 */
#include "mesh_proof.h"

#include <sodium.h>

#include "name_list.h"

bool mesh_network_of(const struct al_state *state, struct al_prefix *out)
{
	const struct al_object *registry = al_state_registry(state);
	struct al_slice rest = registry != NULL ? al_object_text(registry) : AL_S(""), value;

	while (al_attr_find(&rest, "super-prefix", &value))
		if (al_prefix_parse(value, out) == AL_OK && out->bits == 128)
			return true;
	return false;
}

void mesh_proof_text(struct al_slice source, const struct al_prefix *network, struct al_slice mntner,
		     struct al_slice name, struct al_slice key, struct al_buf *out)
{
	char prefix[AL_PREFIX_STRLEN];

	al_prefix_format(network, prefix);
	al_buf_printf(out, "alamo mesh v1\nregistry %.*s\nnetwork %s\nmntner %.*s\nname %.*s\nkey %.*s\n",
		      AL_FMT(source), prefix, AL_FMT(mntner), AL_FMT(name), AL_FMT(key));
}

bool mesh_key_of(const struct al_object *object, uint8_t out[static MESH_KEY_LEN])
{
	size_t len;

	return al_slice_base64(al_object_attr(object, "mesh-key"), out, MESH_KEY_LEN, &len) == AL_OK &&
	       len == MESH_KEY_LEN;
}

static bool proof_for(const struct al_object *object, const struct al_prefix *network, struct al_slice mntner,
		      struct al_slice name)
{
	uint8_t key[MESH_KEY_LEN], signature[crypto_sign_BYTES];
	struct al_buf text;
	size_t len;
	bool good;

	al_buf_init(&text, 2048);
	mesh_proof_text(al_object_attr(object, "source"), network, mntner, name, al_object_attr(object, "mesh-key"),
			&text);
	good = text.err == AL_OK && mesh_key_of(object, key) &&
	       al_slice_base64(al_object_attr(object, "key-proof"), signature, sizeof(signature), &len) == AL_OK &&
	       len == sizeof(signature) && crypto_sign_verify_detached(signature, text.ptr, text.len, key) == 0;
	al_buf_release(&text);
	return good;
}

bool mesh_proof_good(const struct al_object *object, const struct al_prefix *network, struct al_slice name)
{
	struct name_list mntners = name_list_of(object, "mnt-by");
	struct al_slice mntner;

	while (name_list_next(&mntners, &mntner))
		if (proof_for(object, network, mntner, name))
			return true;
	return false;
}
