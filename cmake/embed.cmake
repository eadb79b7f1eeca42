# SPDX-License-Identifier: MIT
# cmake -DIN=FILE -DNAME=WORD -DOUT=FILE -P embed.cmake: a C file with the other's bytes, NAME[], and how many there are, NAME_len.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "#include <stddef.h>\n#include <stdint.h>\n\nextern const uint8_t ${NAME}[];\nextern const size_t ${NAME}_len;\n
_Alignas(8) const uint8_t ${NAME}[] = { ${bytes} };\nconst size_t ${NAME}_len = sizeof(${NAME});\n")
