/* SPDX-License-Identifier: MIT */
/*
 * rr_loc.c -- LOC data (RFC 1876): a place on the globe.
 *
 * Text that both BIND and Knot read: N, S, E and W in capitals, a digit in
 * front of each point, three decimals of a second, two of a metre.
 */
#include "rr_form.h"

#define VERSION 0
#define ZERO_ANGLE 0x80000000u  /* equator and meridian, in thousandths of a second */
#define ZERO_ALTITUDE 10000000u /* 100 km below the ellipsoid is 0 centimetres */
#define SIZE_MAX_CM 9000000000u /* 9e9 */
#define SECOND 1000u
#define MINUTE (60 * SECOND)
#define DEGREE (60 * MINUTE)

struct axis {
	uint32_t degrees; /* from the middle to its end */
	char below, above;
	const char *why;
};

static const struct axis latitude = { 90, 'S', 'N', "a latitude is written 52 22 23.000 N: up to 90 degrees, N or S" };
static const struct axis longitude = { 180, 'W', 'E',
				       "a longitude is written 4 53 32.000 E: up to 180 degrees, E or W" };

/* ---- from text ---- */

/* A number with up to `decimals` behind its point, in units of the last of them. */
static bool fixed_parse(struct al_slice word, unsigned decimals, uint64_t max, uint64_t *out)
{
	struct al_slice whole;
	bool point = al_slice_cut(&word, '.', &whole);

	*out = 0;
	if (whole.len == 0 || whole.len > 9 || (point && word.len == 0) || word.len > decimals)
		return false;
	for (size_t i = 0; i < whole.len + decimals; i++) {
		size_t behind = i - whole.len;
		char ch = i < whole.len ? whole.ptr[i] : behind < word.len ? word.ptr[behind] : '0';

		if (ch < '0' || ch > '9')
			return false;
		*out = *out * 10 + (uint64_t)(ch - '0');
	}
	return *out <= max;
}

/* Degrees, minutes and seconds, of which those that are left out are 0, and a direction. */
static enum al_err angle_parse(struct rr_text *t, const struct axis *axis, uint32_t *out)
{
	static const struct {
		unsigned decimals, max, unit;
	} parts[] = { { 0, 180, DEGREE }, { 0, 59, MINUTE }, { 3, MINUTE - 1, 1 } };
	uint64_t sum = 0, number;
	struct al_slice word;

	for (size_t i = 0;; i++) {
		if (rr_word(t, &word) != AL_OK)
			return AL_EINVAL;
		if (i > 0 && word.len == 1 && (word.ptr[0] == axis->below || word.ptr[0] == axis->above))
			break;
		if (i == AL_COUNT(parts) || !fixed_parse(word, parts[i].decimals, parts[i].max, &number))
			return rr_fail(t, axis->why);
		sum += number * parts[i].unit;
	}
	if (sum > axis->degrees * DEGREE)
		return rr_fail(t, axis->why);
	*out = word.ptr[0] == axis->above ? ZERO_ANGLE + (uint32_t)sum : ZERO_ANGLE - (uint32_t)sum;
	return AL_OK;
}

static struct al_slice without_metre(struct al_slice word)
{
	return word.len > 0 && word.ptr[word.len - 1] == 'm' ? al_slice_head(word, word.len - 1) : word;
}

static enum al_err altitude_parse(struct rr_text *t, uint32_t *out)
{
	struct al_slice word;
	uint64_t cm;
	bool below;

	if (rr_word(t, &word) != AL_OK)
		return AL_EINVAL;
	below = word.ptr[0] == '-';
	if (!fixed_parse(without_metre(al_slice_from(word, below)), 2,
			 below ? ZERO_ALTITUDE : UINT32_MAX - ZERO_ALTITUDE, &cm))
		return rr_fail(t, "an altitude is metres from -100000.00 to 42849672.95, as -2.00m");
	*out = below ? ZERO_ALTITUDE - (uint32_t)cm : ZERO_ALTITUDE + (uint32_t)cm;
	return AL_OK;
}

/* Diameter and precisions have one digit and a power of ten, in centimetres; what does not fit is cut off, as all readers do. */
static enum al_err size_parse(struct rr_text *t, uint8_t *out)
{
	struct al_slice word;
	unsigned exponent = 0;
	uint64_t cm;

	if (rr_word(t, &word) != AL_OK)
		return AL_EINVAL;
	if (!fixed_parse(without_metre(word), 2, SIZE_MAX_CM, &cm))
		return rr_fail(t, "a size or precision is metres from 0.00 to 90000000.00, as 10m");
	for (; cm > 9; cm /= 10)
		exponent++;
	*out = (uint8_t)(cm << 4 | exponent);
	return AL_OK;
}

enum al_err rr_loc_parse(struct rr_text *t, struct al_buf *wire)
{
	uint8_t sizes[] = { 0x12, 0x16, 0x13 }; /* 1 m, 10 km, 10 m */
	uint32_t north = 0, east = 0, up = 0;

	if (angle_parse(t, &latitude, &north) != AL_OK || angle_parse(t, &longitude, &east) != AL_OK ||
	    altitude_parse(t, &up) != AL_OK)
		return AL_EINVAL;
	for (size_t i = 0; i < AL_COUNT(sizes) && rr_more(t); i++)
		if (size_parse(t, &sizes[i]) != AL_OK)
			return AL_EINVAL;
	al_buf_u8(wire, VERSION);
	al_buf_put(wire, sizes, sizeof(sizes));
	al_buf_u32(wire, north);
	al_buf_u32(wire, east);
	al_buf_u32(wire, up);
	return AL_OK;
}

/* ---- to text ---- */

static bool angle_format(uint32_t value, const struct axis *axis, struct al_buf *out)
{
	bool below = value < ZERO_ANGLE;
	uint32_t angle = below ? ZERO_ANGLE - value : value - ZERO_ANGLE;

	al_buf_printf(out, "%u %u %u.%03u %c ", angle / DEGREE, angle / MINUTE % 60, angle % MINUTE / SECOND,
		      angle % SECOND, below ? axis->below : axis->above);
	return angle <= axis->degrees * DEGREE;
}

static void altitude_format(uint32_t value, struct al_buf *out)
{
	bool below = value < ZERO_ALTITUDE;
	uint32_t cm = below ? ZERO_ALTITUDE - value : value - ZERO_ALTITUDE;

	al_buf_printf(out, "%s%u.%02um", below ? "-" : "", cm / 100, cm % 100);
}

/* BIND takes no other zero than 0 itself. */
static bool size_format(uint8_t value, struct al_buf *out)
{
	unsigned digit = value >> 4, exponent = value & 15;

	if (exponent >= 2)
		al_buf_printf(out, " %u%.*sm", digit, (int)(exponent - 2), "0000000");
	else
		al_buf_printf(out, exponent == 1 ? " 0.%u0m" : " 0.0%um", digit);
	return digit <= 9 && exponent <= 9 && (digit > 0 || exponent == 0);
}

enum al_err rr_loc_format(struct al_reader *r, struct al_buf *out)
{
	bool good = al_read_u8(r) == VERSION;
	struct al_slice sizes = al_read_bytes(r, 3);

	good = angle_format(al_read_u32(r), &latitude, out) && good;
	good = angle_format(al_read_u32(r), &longitude, out) && good;
	altitude_format(al_read_u32(r), out);
	for (size_t i = 0; i < sizes.len; i++)
		good = size_format((uint8_t)sizes.ptr[i], out) && good;
	return good ? r->err : AL_EINVAL;
}
