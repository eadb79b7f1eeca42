/* SPDX-License-Identifier: MIT */
/*
 * zone_record.c -- DS data: see zone_record.h. Hosted records are read by
 * alamo/rpsl/rr.h, as the registry does. Pure.
 */
#include "zone_record.h"

#include <sodium.h>

#include "alamo/base/wire.h"

size_t record_parse_ds(struct al_slice value, uint8_t out[static DS_RDATA_MAX])
{
	struct al_slice word[3];
	uint64_t number[3];
	size_t len;

	for (size_t i = 0; i < AL_COUNT(word); i++)
		if (!al_slice_word(&value, "", &word[i]) ||
		    al_slice_u64(word[i], i == 0 ? UINT16_MAX : UINT8_MAX, &number[i]) != AL_OK)
			return 0;
	al_set_u16(out, (uint16_t)number[0]);
	out[2] = (uint8_t)number[1];
	out[3] = (uint8_t)number[2];
	value = al_slice_trim(value);
	if (sodium_hex2bin(out + 4, DS_RDATA_MAX - 4, value.ptr, value.len, " ", &len, NULL) != 0 || len == 0)
		return 0;
	return len + 4;
}
