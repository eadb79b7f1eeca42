/* SPDX-License-Identifier: MIT */
/*
 * sign.c -- SSH signatures and keys by ssh-keygen.
 */
#include "sign.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/rpsl/sshsig.h"
#include "command.h"
#include "file.h"
#include "process.h"

#define SIGNATURE_BEGIN "-----BEGIN SSH SIGNATURE-----\n"

static enum al_err keygen_run(const char *const argv[], struct al_slice input, struct al_buf *output)
{
	int status = 0;
	enum al_err err = process_run(argv, input, false, output, &status);

	if (err == AL_ENOTFOUND) {
		command_fail(CLI_USAGE, "ssh-keygen is not installed (package openssh-client)");
		return err;
	}
	return err == AL_OK && status != 0 ? AL_EDENIED : err;
}

enum al_err sign_text(const char *key, const char *ns, struct al_slice text, struct al_buf *out)
{
	const char *const argv[] = { "ssh-keygen", "-q", "-Y", "sign", "-n", ns, "-f", key, NULL };
	size_t start = out->len;
	enum al_err err;

	if (access(key, R_OK) != 0) {
		command_fail(CLI_USAGE,
			     "cannot read the key %s: make one with `ssh-keygen -t ed25519`, or name one with --key",
			     key);
		return AL_ENOTFOUND;
	}
	err = keygen_run(argv, text, out);
	if (err == AL_OK && !al_slice_starts(al_slice_from(al_buf_view(out), start), SIGNATURE_BEGIN))
		err = AL_EINVAL;
	if (err != AL_OK)
		command_fail(CLI_USAGE, "ssh-keygen did not sign with %s", key);
	return err;
}

/* Puts the key of an authorized_keys line. AL_EUNSUPPORTED: a type that the registry does not take. */
static enum al_err public_put(struct al_slice line, struct al_buf *out)
{
	struct al_sshkey key;
	enum al_err err = al_sshkey_parse(al_slice_trim(line), &key);

	if (err == AL_OK)
		al_sshkey_format(&key, out);
	return err != AL_OK ? err : out->err;
}

enum al_err sign_public(const char *key, struct al_buf *out)
{
	const char *const argv[] = { "ssh-keygen", "-y", "-f", key, NULL };
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, 65536);
	snprintf(path, sizeof(path), "%s%s", key, al_slice_ends(al_slice_str(key), ".pub") ? "" : ".pub");
	err = file_read(path, &text);
	if (err == AL_ENOTFOUND) {
		al_buf_reset(&text);
		err = access(key, R_OK) == 0 ? keygen_run(argv, AL_S(""), &text) : AL_ENOTFOUND;
	}
	if (err == AL_OK)
		err = public_put(al_buf_view(&text), out);
	if (err == AL_EUNSUPPORTED || err == AL_EINVAL)
		command_fail(CLI_USAGE, "%s is no ssh-ed25519 or sk-ssh-ed25519 key: `ssh-keygen -t ed25519` makes one",
			     key);
	else if (err != AL_OK)
		command_fail(CLI_USAGE, "cannot read the key %s", path);
	al_buf_release(&text);
	return err;
}

enum al_err sign_generate(const char *path, const char *comment)
{
	const char *const argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path, NULL };
	enum al_err err = keygen_run(argv, AL_S(""), NULL);

	if (err != AL_OK)
		command_fail(CLI_REFUSED, "ssh-keygen did not make %s", path);
	return err;
}
