/* SPDX-License-Identifier: MIT */
/*
 * main.c -- alamo-registryd: the daemon, the founding of a new ledger, the recovery of a restored one, or a copy in another engine.
 */
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "genesis.h"
#include "ledger/ledger_copy.h"
#include "ledger/recover.h"
#include "registry.h"

int main(int argc, char **argv)
{
	(void)umask(0077);
	(void)signal(SIGUSR1, SIG_IGN); /* until there is something to save */
	if (argc > 4 && strcmp(argv[1], "-c") == 0 && strcmp(argv[3], "--create") == 0)
		return sodium_init() < 0 ? 1 : genesis_main(argv[2], argv + 4, argc - 4);
	if ((argc == 5 || argc == 6) && strcmp(argv[1], "-c") == 0 && strcmp(argv[3], "--recover") == 0)
		return sodium_init() < 0 ? 1 : recover_main(argv[2], argv[4], argc == 6 ? argv[5] : NULL);
	if (argc == 6 && strcmp(argv[1], "-c") == 0 && strcmp(argv[3], "--copy") == 0)
		return sodium_init() < 0 ? 1 : ledger_copy_main(argv[2], argv[4], argv[5]);
	return al_service_main(argc, argv, &registry_service);
}
