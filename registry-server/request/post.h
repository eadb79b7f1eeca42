/* SPDX-License-Identifier: MIT */
/*
 * post.h -- the request port's words over HTTP: `POST /requests` with one question or one signed request as its body.
 *
 * The answer is the port's, with status 200 whatever it says: what was decided stands in it. Whoever asks is known by
 * address and pays as on the port. Nothing else than the text says who one is, no cookie and no field, so that pages of
 * any origin may send here: they can do what anybody can.
 */
#ifndef REGISTRY_POST_H
#define REGISTRY_POST_H

#include "alamo/net/http.h"
#include "session.h"

/* `ctx` is borrowed. Before the service listens. */
AL_MUST_USE enum al_err post_route(struct al_http *http, const struct session_ctx *ctx);

#endif
