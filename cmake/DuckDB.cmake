# The embedded engine: libduckdb.so and duckdb.h, laid out by scripts/fetch-duckdb, or a system
# installation named by SLUICE_DUCKDB_DIR (with include/ and lib/ below it).
set(SLUICE_DUCKDB_DIR "${PROJECT_SOURCE_DIR}/build/third_party/duckdb" CACHE PATH
  "Folder with include/duckdb.h and lib/libduckdb.so")
if(NOT EXISTS "${SLUICE_DUCKDB_DIR}/lib/libduckdb.so" OR
   NOT EXISTS "${SLUICE_DUCKDB_DIR}/include/duckdb.h")
  message(FATAL_ERROR "DuckDB was not found in ${SLUICE_DUCKDB_DIR}. Run scripts/fetch-duckdb, or "
    "name an installation with -DSLUICE_DUCKDB_DIR=DIR (DIR/include/duckdb.h, DIR/lib/libduckdb.so).")
endif()
add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION "${SLUICE_DUCKDB_DIR}/lib/libduckdb.so"
  IMPORTED_SONAME libduckdb.so
  INTERFACE_INCLUDE_DIRECTORIES "${SLUICE_DUCKDB_DIR}/include"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${SLUICE_DUCKDB_DIR}/include")
