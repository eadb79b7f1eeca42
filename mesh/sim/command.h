/* SPDX-License-Identifier: MIT */
/* command.h -- the words and options of alamo-meshsim. */
#ifndef MESH_SIM_COMMAND_H
#define MESH_SIM_COMMAND_H

/* Exit status: 0 done, 1 it could not be done, 2 wrong words; a line on stderr says what. */
int sim_command(int argc, char **argv);

#endif
