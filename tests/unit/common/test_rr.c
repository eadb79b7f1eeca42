/* SPDX-License-Identifier: MIT */
/*
 * test_rr.c -- the table of record types: what BIND makes of the same lines,
 * one text for each data, types' names and bounds.
 */
#include "rr_lines.h"

static void others_read_the_same(void **state)
{
	static struct al_record record;
	struct al_buf file, hex;
	struct al_slice rest, line, text;
	size_t count = 0;

	(void)state;
	load("vectors/record/good", &file);
	al_buf_init(&hex, TEXT_MAX);
	for (rest = al_buf_view(&file); al_slice_line(&rest, &line); count++) {
		(void)al_slice_cut(&line, '\t', &text);
		must_parse(text, &record);
		al_buf_reset(&hex);
		al_buf_hex(&hex, record.rdata, record.len);
		if (!al_slice_eq(al_buf_view(&hex), line))
			fail_msg("%.*s\n  want %.*s\n  got  %.*s", AL_FMT(text), AL_FMT(line),
				 AL_FMT(al_buf_view(&hex)));
		text_is_a_fixed_point(&record);
	}
	assert_true(count > 70);
	al_buf_release(&hex);
	al_buf_release(&file);
}

static void bad_lines_are_refused(void **state)
{
	static struct al_record record;
	struct al_slice rest, line;
	struct al_buf file;
	const char *why;
	size_t count = 0;

	(void)state;
	load("vectors/record/bad", &file);
	for (rest = al_buf_view(&file); al_slice_line(&rest, &line); count++) {
		why = NULL;
		if (al_record_parse(line, &record, &why) != AL_EINVAL)
			fail_msg("taken: %.*s", AL_FMT(line));
		assert_non_null(why);
	}
	assert_true(count > 70);
	al_buf_release(&file);
}

/* Wherever a line is cut off, what is left is refused, or is a record like any other. */
static void cut_lines(void **state)
{
	static struct al_record record;
	struct al_slice rest, line, text;
	struct al_buf file;
	const char *why;

	(void)state;
	load("vectors/record/good", &file);
	for (rest = al_buf_view(&file); al_slice_line(&rest, &line);) {
		(void)al_slice_cut(&line, '\t', &text);
		for (size_t len = 0; len < text.len; len++)
			if (al_record_parse(al_slice_head(text, len), &record, &why) == AL_OK)
				text_is_a_fixed_point(&record);
	}
	al_buf_release(&file);
}

static void lines_have_one_text(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "WWW IN 0600 a 192.0.2.1", "www 600 A 192.0.2.1" },
		{ "@ in AAAA FCA1:0:0::0001", "@ AAAA fca1::1" },
		{ "@ 0 A 192.0.2.1", "@ 0 A 192.0.2.1" },
		{ "@ 604800 A 192.0.2.1", "@ 604800 A 192.0.2.1" },
		{ "*.Sub CNAME Host.Alamo", "*.sub CNAME host.alamo." },
		{ "@ MX 010 ( Mail.alamo. )", "@ MX 10 mail.alamo." },
		{ "_a._b SRV 0 1 2 .", "_a._b SRV 0 1 2 ." },
		{ "@ TXT a (\"b c\" \\100\\\") \"\"", "@ TXT \"a\" \"b c\" \"d\\\"\" \"\"" },
		{ "@ TXT \\031\\032~\\127", "@ TXT \"\\031 ~\\127\"" },
		{ "a_b CAA 0 ISSUE ca.example", "a_b CAA 0 issue \"ca.example\"" },
		{ "_x CAA 0 a0z9 \"\"", "_x CAA 0 a0z9 \"\"" },
		{ "h SSHFP 6 3 AA bB", "h SSHFP 6 3 aabb" },
		{ "@ HTTPS 1 . port=8443 alpn=\"h2,h3\"", "@ HTTPS 1 . alpn=h2,h3 port=8443" },
		{ "@ HTTPS 1 .", "@ HTTPS 1 ." },
		{ "@ HTTPS 1 . KEY3=\\001\\187", "@ HTTPS 1 . port=443" },
		{ "@ SVCB 1 . ohttp", "@ SVCB 1 . key8" },
		{ "@ SVCB 1 . alpn=h2 dohpath=/{?dns}", "@ SVCB 1 . alpn=h2 key7=/{?dns}" },
		{ "@ SVCB 1 . mandatory=port,alpn alpn=a\\\\,b port=0",
		  "@ SVCB 1 . mandatory=alpn,port alpn=\"a\\\\,b\" port=0" },
		{ "@ SVCB 1 . ipv4hint=192.0.2.1,192.0.2.2", "@ SVCB 1 . ipv4hint=192.0.2.1,192.0.2.2" },
		{ "@ SVCB 1 . key65534=\"a b\"", "@ SVCB 1 . key65534=\"a b\"" },
		{ "@ SVCB 1 . key9=a\\;", "@ SVCB 1 . key9=\"a;\"" },
		{ "@ URI 1 2 \"x\"", "@ URI 1 2 \"x\"" },
		{ "@ OPENPGPKEY ( mQCN AzIT )", "@ OPENPGPKEY mQCNAzIT" },
		{ "@ NAPTR 01 2 U (E2U+sip !^.*$!sip:a@B!) .", "@ NAPTR 1 2 \"U\" \"E2U+sip\" \"!^.*$!sip:a@B!\" ." },
		{ "@ NAPTR 1 2 \"\" \"\" \"\" A_B", "@ NAPTR 1 2 \"\" \"\" \"\" a_b." },
		{ "@ LOC 52 22 23.5 N 4 W -.5m", NULL },
		{ "@ LOC 52 22 23.5 N 04 W -0.5", "@ LOC 52 22 23.500 N 4 0 0.000 W -0.50m 1m 10000m 10m" },
		{ "@ LOC 0 S 0 W 0 0.09 0.1m 0.19", "@ LOC 0 0 0.000 N 0 0 0.000 E 0.00m 0.09m 0.10m 0.10m" },
		{ "@ LOC 90 S 180 E 3.1 19m 99999999 0", NULL },
		{ "@ LOC 90 S 180 E 3.1 19m 89999999 0", "@ LOC 90 0 0.000 S 180 0 0.000 E 3.10m 10m 80000000m 0.00m" },
		{ "@ TYPE65280 \\# 3 01 0203", "@ TYPE65280 \\# 3 010203" },
		{ "@ TYPE65280 \\# 1 A0", "@ TYPE65280 \\# 1 a0" },
		{ "@ TYPE65534 \\# 0", "@ TYPE65534 \\# 0" },
		{ "@ TYPE28 \\# 16 fca10000000000000000000000000001", "@ AAAA fca1::1" },
		{ "@ MX \\# 4 000a 00 (00)", NULL },
		{ "@ TYPE65279 \\# 0", NULL },
		{ "@ TYPE65535 \\# 0", NULL },
		{ "@ TYPE2 \\# 3 016100", NULL },
		{ "@ 604801 A 192.0.2.1", NULL },
		{ "@ 1 1 A 192.0.2.1", NULL },
		{ "@ IN IN IN A 192.0.2.1", NULL },
		{ "@ TXT a)", NULL },
		{ "@ TXT (a", NULL },
		{ "@ TXT \"a\"b", NULL },
		{ "@ TXT \\", NULL },
		{ "@ TXT \\25", NULL },
		{ "@ TYPE65280 \\# 1 ", NULL },
		{ "@ TYPE65280 \\# 1 0", NULL },
		{ "@ TYPE65280 \\# 1 0001", NULL },
		{ "@ TYPE65280 \\# 4097 00", NULL },
		{ "@ URI 1 2 \"\"", NULL },
		{ "@ NAPTR \\# 8 0001 0002 01 2d 00 00", NULL },
		{ "@ CAA 0 issue- x", NULL },
		{ "x. A 192.0.2.1", NULL },
		{ "", NULL },
		{ "@", NULL },
		{ "@ 60", NULL },
		{ "@ 60 IN", NULL },
	};
	static struct al_record record;
	struct al_buf out;
	const char *why;

	(void)state;
	al_buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		if (rows[i].text == NULL) {
			if (al_record_parse(al_slice_str(rows[i].line), &record, &why) != AL_EINVAL)
				fail_msg("taken: %s", rows[i].line);
			continue;
		}
		must_parse(al_slice_str(rows[i].line), &record);
		al_buf_reset(&out);
		al_record_format(&record, &out);
		al_buf_u8(&out, '\0');
		assert_string_equal((const char *)out.ptr, rows[i].text);
	}
	al_buf_release(&out);
}

/* ---- types ---- */

static bool has_word(const char *text, const char *wanted)
{
	struct al_slice rest = al_slice_str(text), word;

	while (al_slice_word(&rest, "", &word))
		if (al_slice_is(word, wanted))
			return true;
	return false;
}

static void types_have_names(void **state)
{
	static const struct {
		const char *word;
		uint16_t type;
		const char *name; /* NULL: none that is hosted */
	} rows[] = {
		{ "a", 1, "A" },
		{ "AAAA", 28, "AAAA" },
		{ "Cname", 5, "CNAME" },
		{ "PTR", 12, "PTR" },
		{ "MX", 15, "MX" },
		{ "TXT", 16, "TXT" },
		{ "SRV", 33, "SRV" },
		{ "LOC", 29, "LOC" },
		{ "DNAME", 39, "DNAME" },
		{ "smimea", 53, "SMIMEA" },
		{ "RP", 17, "RP" },
		{ "naptr", 35, "NAPTR" },
		{ "SSHFP", 44, "SSHFP" },
		{ "TLSA", 52, "TLSA" },
		{ "SVCB", 64, "SVCB" },
		{ "https", 65, "HTTPS" },
		{ "URI", 256, "URI" },
		{ "CAA", 257, "CAA" },
		{ "OPENPGPKEY", 61, "OPENPGPKEY" },
		{ "TYPE1", 1, "A" },
		{ "type65280", 65280, "TYPE65280" },
		{ "TYPE65534", 65534, "TYPE65534" },
		{ "TYPE65279", 0, NULL },
		{ "TYPE65535", 0, NULL },
		{ "TYPE2", 0, NULL },
		{ "NS", 0, NULL },
		{ "SOA", 0, NULL },
		{ "TYPE", 0, NULL },
		{ "TYPE01", 0, NULL },
		{ "", 0, NULL },
		{ "AA", 0, NULL },
		{ "DNSKEY", 0, NULL },
	};
	static struct al_record record;
	struct al_buf out;
	const char *why;
	uint16_t type;

	(void)state;
	al_buf_init(&out, 100);
	assert_int_equal(al_record_parse(al_slice_str("@ NS a.alamo."), &record, &why), AL_EINVAL);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		enum al_err want = rows[i].name != NULL ? AL_OK : AL_EINVAL;

		assert_int_equal(al_rr_type_parse(al_slice_str(rows[i].word), &type), want);
		if (want != AL_OK)
			continue;
		assert_int_equal(type, rows[i].type);
		al_buf_reset(&out);
		al_rr_type_format(type, &out);
		assert_true(al_slice_is(al_buf_view(&out), rows[i].name));
		assert_true(type == 65280 ||
			    has_word(why, rows[i].name)); /* who names another type is told of this one */
	}
	al_buf_release(&out);
}

/* Hosts' names, for those types alone whose owner is a host (RFC 1123 section 2.1). */
static void owners_of_hosts(void **state)
{
	static const struct {
		const char *data;
		bool host;
	} rows[] = {
		{ "A 192.0.2.1", true },          { "AAAA fca1::1", true },       { "MX 1 a.alamo.", true },
		{ "CNAME a.alamo.", false },      { "PTR a.alamo.", false },      { "TXT x", false },
		{ "SRV 1 2 3 a.alamo.", false },  { "SSHFP 6 3 aabb", false },    { "TLSA 3 0 0 3082", false },
		{ "OPENPGPKEY mQCNAzIT", false }, { "SVCB 1 .", false },          { "HTTPS 1 .", false },
		{ "URI 1 2 x", false },           { "CAA 0 issue x", false },     { "NAPTR 1 2 s x \"\" .", false },
		{ "LOC 0 N 0 E 0", false },       { "SMIMEA 3 0 0 3082", false }, { "RP . .", false },
	};
	static const char *const odd[] = { "a_b", "-a", "a-", "x.-a", "x.a-" }, *const plain[] = { "a-b", "*", "*.a",
												   "0" };
	static struct al_record record;
	char line[80];
	const char *why;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		for (size_t o = 0; o < AL_COUNT(odd); o++) {
			(void)snprintf(line, sizeof(line), "%s %s", odd[o], rows[i].data);
			assert_int_equal(al_record_parse(al_slice_str(line), &record, &why),
					 rows[i].host ? AL_EINVAL : AL_OK);
		}
		for (size_t o = 0; o < AL_COUNT(plain); o++) {
			(void)snprintf(line, sizeof(line), "%s %s", plain[o], rows[i].data);
			must_parse(al_slice_str(line), &record);
		}
	}
}

/* ---- bounds ---- */

static void data_is_bounded(void **state)
{
	static char line[3 * AL_RR_DATA_MAX];
	static struct al_record record;
	const char *why;
	int at;

	(void)state;
	for (unsigned extra = 0; extra < 2; extra++) {
		at = snprintf(line, sizeof(line), "@ TYPE65280 \\# %u ", AL_RR_DATA_MAX + extra);
		for (unsigned i = 0; i < AL_RR_DATA_MAX + extra; i++)
			at += snprintf(line + at, sizeof(line) - (size_t)at, "%02x", i & 255);
		assert_int_equal(al_record_parse(al_slice_str(line), &record, &why), extra == 0 ? AL_OK : AL_EINVAL);
		if (extra == 0)
			assert_int_equal(record.len, AL_RR_DATA_MAX);
	}
	/* 64 parameters, each once, and one more */
	for (unsigned count = 64; count < 66; count++) {
		at = snprintf(line, sizeof(line), "@ SVCB 1 .");
		for (unsigned i = 0; i < count; i++)
			at += snprintf(line + at, sizeof(line) - (size_t)at, " key%u", 1000 - i);
		assert_int_equal(al_record_parse(al_slice_str(line), &record, &why), count == 64 ? AL_OK : AL_EINVAL);
		if (count == 64)
			text_is_a_fixed_point(&record);
	}
	/* a protocol of 255 bytes, and of one more */
	for (unsigned len = 255; len < 257; len++) {
		(void)snprintf(line, sizeof(line), "@ SVCB 1 . alpn=%0*d", (int)len, 0);
		assert_int_equal(al_record_parse(al_slice_str(line), &record, &why), len == 255 ? AL_OK : AL_EINVAL);
		(void)snprintf(line, sizeof(line), "@ TXT %0*d", (int)len, 0);
		assert_int_equal(al_record_parse(al_slice_str(line), &record, &why), len == 255 ? AL_OK : AL_EINVAL);
		(void)snprintf(line, sizeof(line), "@ CAA 0 %0*d x", (int)len, 0);
		assert_int_equal(al_record_parse(al_slice_str(line), &record, &why), len == 255 ? AL_OK : AL_EINVAL);
	}
}

/* Data of another length than its type has is no text, and whoever writes it is told. */
static void broken_data_has_no_text(void **state)
{
	static struct al_record record;
	struct al_buf out;

	(void)state;
	must_parse(AL_S("www 300 A 10.0.0.1"), &record);
	al_buf_init(&out, TEXT_MAX);
	al_record_format(&record, &out);
	assert_int_equal(out.err, AL_OK);
	assert_true(al_slice_is(al_buf_view(&out), "www 300 A 10.0.0.1"));
	record.len = 3;
	al_buf_reset(&out);
	al_record_format(&record, &out);
	assert_int_equal(out.err, AL_EINVAL);
	record.len = 4;
	al_buf_release(&out);
	al_buf_init(&out, 12); /* nor has it one where there is no room for it */
	al_record_format(&record, &out);
	assert_int_equal(out.err, AL_ELIMIT);
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_read_the_same),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(cut_lines),
		cmocka_unit_test(lines_have_one_text),
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(owners_of_hosts),
		cmocka_unit_test(data_is_bounded),
		cmocka_unit_test(broken_data_has_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
