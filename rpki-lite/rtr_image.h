/* SPDX-License-Identifier: MIT */
/*
 * rtr_image.h -- answers ready for the wire, shared by all routers that get them.
 *
 * An image is the run of prefix and ASPA PDUs between Cache Response and End of Data: of the whole set, or of the
 * difference from one serial. Versions without ASPAs get the same difference without them, which may be empty. Built when first asked for, once a version and serial; immutable; counted, so that a slow router
 * keeps what it is being sent while the next set is published.
 */
#ifndef RPKI_LITE_RTR_IMAGE_H
#define RPKI_LITE_RTR_IMAGE_H

#include "rtr_pdu.h"
#include "vrp_delta.h"

#define RTR_IMAGE_DELTAS 16 /* difference images kept; routers are nearly always at the same few serials */

struct rtr_images;

struct rtr_image {
	unsigned refs;
	bool retired; /* of a set that is no longer the current one */
	struct rtr_images *owner;
	size_t len;       /* bytes */
	size_t announced; /* of them announcements, which come first; the rest are withdrawals */
	uint32_t to;      /* serial that it leads to */
	uint8_t bytes[];
};

struct rtr_images {
	const struct vrp_set *set;         /* counted; NULL before the first */
	const struct vrp_history *history; /* borrowed */
	struct rtr_image *full[RTR_VERSION_MAX + 1];
	struct {
		struct rtr_image *image;
		uint8_t version;
		uint32_t from;
	} delta[RTR_IMAGE_DELTAS];
	size_t delta_next;    /* which one to replace */
	size_t retired_bytes; /* held by routers only */
};

void rtr_images_init(struct rtr_images *images);
/* Every image that was handed out must have come back. */
void rtr_images_release(struct rtr_images *images);
/* The set to answer from now on, NULL: none. `history` leads to it. */
void rtr_images_publish(struct rtr_images *images, const struct vrp_set *set, const struct vrp_history *history);

/* A reference for the caller. AL_ENOTFOUND: no difference from `from`. */
AL_MUST_USE enum al_err rtr_images_full(struct rtr_images *images, uint8_t version, struct rtr_image **out);
AL_MUST_USE enum al_err rtr_images_delta(struct rtr_images *images, uint8_t version, uint32_t from,
					 struct rtr_image **out);
void rtr_image_unref(void *image); /* struct rtr_image *, NULL is allowed; as al_conn_write_ref() wants it */

#endif
