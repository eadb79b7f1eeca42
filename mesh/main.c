/* SPDX-License-Identifier: MIT */
/* main.c -- alamo-meshsim. */
#include "sim/command.h"

int main(int argc, char **argv)
{
	return sim_command(argc, argv);
}
