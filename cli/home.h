/* SPDX-License-Identifier: MIT */
/*
 * home.h -- where a person's own files are (XDG Base Directory Specification).
 */
#ifndef CLI_HOME_H
#define CLI_HOME_H

#include <limits.h>

#include "alamo/base/slice.h"

enum home {
	HOME_CONFIG, /* $XDG_CONFIG_HOME/alamo, else ~/.config/alamo: settings, pinned networks */
	HOME_DATA,   /* $XDG_DATA_HOME/alamo, else ~/.local/share/alamo: receipts */
	HOME_STATE,  /* $XDG_STATE_HOME/alamo, else ~/.local/state/alamo: what was sent and not answered */
};

/* AL_ENOTFOUND without a home; AL_ELIMIT. */
AL_MUST_USE enum al_err home_path(enum home which, const char *rest, char out[static PATH_MAX]);
/* The same, and the folders above are there afterwards, for us alone. AL_ESYS with errno set. */
AL_MUST_USE enum al_err home_make(enum home which, const char *rest, char out[static PATH_MAX]);
/* "~/x" as $HOME/x, anything else as it is. */
AL_MUST_USE enum al_err home_expand(const char *path, char *out, size_t cap);

#endif
