# SPDX-License-Identifier: MIT
# Libraries from the distribution, each as an imported target dep::NAME.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(al_dep name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(dep::${name} ALIAS PkgConfig::${name})
endfunction()

al_dep(sodium libsodium)
al_dep(event libevent_core libevent_extra libevent_pthreads)
al_dep(inih inih)
al_dep(jansson jansson)
al_dep(crypto libcrypto)
al_dep(seccomp libseccomp)
# Of some parts only: `script/setup --client` builds without them.
if("registry-server" IN_LIST ALAMO_PARTS)
  al_dep(sqlite sqlite3)
endif()
if("rootdns" IN_LIST ALAMO_PARTS)
  al_dep(ldns ldns)
endif()
if("tests" IN_LIST ALAMO_PARTS)
  al_dep(cmocka cmocka)
endif()
