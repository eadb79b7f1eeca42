/* SPDX-License-Identifier: MIT */
/*
 * template.c -- class templates, the list of classes, and the help text.
 */
#include "template.h"

static int pad(const char *text, int column)
{
	int len = (int)al_slice_str(text).len;

	return len < column ? column - len : 0;
}

static void put_row(const char *name, const char *need, const char *times, const char *keys, struct al_buf *out)
{
	al_buf_printf(out, "%s:%*s[%s]%*s[%s]%*s[%s]\n", name, pad(name, 15), "", need, pad(need, 11), "", times,
		      pad(times, 11), "", keys);
}

static void put_rule(const struct al_attr_rule *rule, struct al_buf *out)
{
	const char *keys = " ";

	if ((rule->flags & AL_PRIMARY) != 0)
		keys = (rule->flags & AL_INVERSE) != 0 ? "primary/inverse key" : "primary/lookup key";
	else if ((rule->flags & AL_INVERSE) != 0)
		keys = "inverse key";
	put_row(rule->name, (rule->flags & AL_REQUIRED) != 0 ? "mandatory" : "optional",
		(rule->flags & AL_MULTIPLE) != 0 ? "multiple" : "single", keys, out);
}

static void put_rule_doc(const struct al_attr_rule *rule, struct al_buf *out)
{
	al_buf_printf(out, "\n%s\n   %s\n   %s%s\n", rule->name, rule->doc, al_syntax_doc(rule->syntax),
		      (rule->flags & AL_LIST) != 0 ? ", several with commas" : "");
}

void whois_put_template(enum al_class cls, bool verbose, struct al_buf *out)
{
	const struct al_attr_rule *rule;

	for (rule = al_class_rules(cls); rule->name != NULL; rule++) {
		if (al_slice_is(al_slice_str(rule->name), "source")) {
			put_row("created", "generated", "single", " ", out);
			put_row("last-modified", "generated", "single", " ", out);
		}
		put_rule(rule, out);
	}
	if (verbose)
		for (rule = al_class_rules(cls); rule->name != NULL; rule++)
			put_rule_doc(rule, out);
	al_buf_str(out, "\n");
}

void whois_put_types(struct al_buf *out)
{
	int cls;

	for (cls = 0; cls < AL_CLASS_COUNT; cls++)
		al_buf_printf(out, "%s\n", al_class_name((enum al_class)cls));
	al_buf_str(out, "\n");
}

void whois_put_help(struct al_buf *out)
{
	static const char *const lines[] = {
		"KEY                  AS number, address, prefix, range, domain, reverse zone, any object's name,",
		"                     words of a role's or person's name",
		"                     an address finds the smallest network and route around it",
		"-x KEY               exactly this prefix or name, nothing around it",
		"-l, -L PREFIX        one level less specific; all of them, least specific first",
		"-m, -M PREFIX        one level more specific; all of them",
		"-T class,...         only these classes (-q types lists them)",
		"-i attr,... VALUE    objects that have VALUE there: -i mnt-by FISHER-MNT, -i or AS64500, -i pn HANDLE",
		"-K                   primary keys only",
		"-F                   short names of attributes",
		"-b KEY               who answers for it",
		"-c ADDRESS           the smallest block around it that names a contact",
		"-d ADDRESS           the block that delegates its reverse zone as well",
		"-k                   keep the connection; -k alone ends it",
		"-s NAME, -a          source; there is one here",
		"-t class, -v class   attributes of a class; with explanations",
		"-q sources|version|types",
		"--list-versions KEY  every version there was; --show-version N KEY, --diff-versions A:B KEY",
		"--at N|DATE KEY      as it was at that size of the log, or at the end of that day",
		"why PREFIX AS        is it the origin? the records that say so, who signed them, what would mend it",
		"-g NAME:3:FIRST-LAST changes by serial (NRTM); with -k all that follow as well",
		"-V client            name of the client, not kept",
		"-r -B -G -C          accepted: nothing is filtered, grouped or added here",
		"",
		"Objects say when they were created and last modified. The line \"% log SIZE ROOT\"",
		"is the signed head of the log that the answer shows.",
		"",
		"Commands that start with '!' are IRRd's, for router tools such as bgpq4:",
		"!!  !q  !n  !v  !t  !s-lc  !r PREFIX[,o|l|L|M]  !m class,key  !g AS  !6 AS",
		"!i set[,1]  !a set  !a4 set  !a6 set  !o mntner  !e set,...  !j source  !J source",
		"!at N|DATE           look-ups that follow are of then; !at ends it, !at-lc says which size and root",
	};
	size_t i;

	for (i = 0; i < AL_COUNT(lines); i++)
		al_buf_printf(out, "%%%s%s\n", lines[i][0] != '\0' ? " " : "", lines[i]);
	al_buf_str(out, "\n");
}
