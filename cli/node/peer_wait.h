/* SPDX-License-Identifier: MIT */
/*
 * peer_wait.h -- for the other holder's yes, at the registry.
 */
#ifndef CLI_PEER_WAIT_H
#define CLI_PEER_WAIT_H

#include "member/client.h"

#define PEER_WAIT_S 600 /* how long `alamo peer add` waits where nobody says */

/*
 * Asks twice a second whether there is an object "CLASS KEY". CLI_DONE: there is; what it says is for the verified log to
 * tell. CLI_REFUSED (silent): `seconds` are over. Other exit codes are said.
 */
int peer_wait(struct client *client, const char *wanted, unsigned seconds);

#endif
