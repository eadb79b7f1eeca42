/* SPDX-License-Identifier: MIT */
/*
 * ledger_copy.h -- `alamo-registryd -c FILE --copy FROM TO`: a ledger from one
 * engine into another.
 */
#ifndef REGISTRY_LEDGER_COPY_H
#define REGISTRY_LEDGER_COPY_H

/* FROM and TO as [registry] ledger takes them, paths from where we stand. TO is made; both are verified. The exit code. */
int ledger_copy_main(const char *conf_path, const char *from, const char *to);

#endif
