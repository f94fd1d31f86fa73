"""What a call of one of PostgreSQL's own functions does.

A function that PostgreSQL marks immutable or stable only reads. A volatile one has its effects written here; one that
is volatile and not listed is not known, as is every function that the catalogue does not have.
"""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.inspectors.sql.catalogue import catalogue
from guardcli.model.effects import Effect

READ, SESSION, WRITE, DELETE = Effect.READ, Effect.SESSION, Effect.WRITE, Effect.DELETE
DEFINE, FILE, PRIVILEGE, NETWORK = Effect.DEFINE, Effect.FILE, Effect.PRIVILEGE, Effect.NETWORK

_VOLATILE: tuple[tuple[tuple[Effect, ...], str], ...] = (
    (
        (READ,),
        """
        amvalidate array_sample array_shuffle clock_timestamp current_query currtid currtid2 currval cursor_to_xml
        cursor_to_xmlschema gen_random_uuid lastval lo_get lo_open query_to_xml query_to_xml_and_xmlschema
        query_to_xmlschema set_config ts_rewrite ts_stat pg_blocking_pids pg_collation_actual_version
        pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system pg_current_wal_flush_lsn
        pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_collation_actual_version pg_database_size
        pg_get_backend_memory_contexts pg_get_aios pg_get_loaded_modules pg_get_multixact_members pg_get_wait_events
        pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_wal_replay_pause_state
        pg_get_wal_resource_managers pg_get_wal_summarizer_state pg_indexes_size pg_is_in_backup pg_is_in_recovery
        pg_is_wal_replay_paused pg_isolation_test_session_is_blocked pg_jit_available pg_last_committed_xact
        pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status
        pg_notification_queue_usage pg_numa_available pg_partition_ancestors pg_partition_tree pg_prepared_xact
        pg_relation_size pg_replication_origin_progress pg_replication_origin_session_is_setup
        pg_replication_origin_session_progress pg_safe_snapshot_blocking_pids pg_sequence_last_value
        pg_get_sequence_data pg_show_replication_origin_status pg_sleep pg_sleep_for pg_sleep_until
        pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_recovery_prefetch
        pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
        pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans
        pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated
        pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
        pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_table_size pg_tablespace_size pg_total_relation_size
        pg_wal_summary_contents pg_available_wal_summaries pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
        pg_xact_status random random_normal timeofday timezone txid_status uuidv4 uuidv7
        """,
    ),
    (
        (SESSION,),
        """
        lo_close lo_lseek lo_lseek64 lo_tell lo_tell64 loread pg_advisory_lock pg_advisory_lock_shared
        pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock
        pg_advisory_xact_lock_shared pg_current_xact_id pg_export_snapshot pg_stat_clear_snapshot
        pg_stat_force_next_flush pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock
        pg_try_advisory_xact_lock_shared setseed txid_current
        """,
    ),
    (
        (WRITE,),
        """
        brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list lo_creat
        lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lowrite nextval pg_clear_attribute_stats
        pg_clear_relation_stats pg_create_restore_point pg_log_standby_snapshot pg_logical_emit_message pg_nextoid
        pg_notify pg_restore_attribute_stats pg_restore_relation_stats pg_logical_slot_get_binary_changes
        pg_logical_slot_get_changes pg_logical_slot_peek_binary_changes pg_logical_slot_peek_changes
        pg_replication_slot_advance pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot
        pg_stat_reset_shared pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters
        pg_stat_reset_slru pg_stat_reset_subscription_stats pg_switch_wal pg_sync_replication_slots setval
        """,
    ),
    ((DELETE,), "lo_unlink"),
    (
        (FILE, READ),
        """
        pg_current_logfile pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir pg_ls_logicalsnapdir
        pg_ls_replslotdir pg_ls_summariesdir pg_ls_tmpdir pg_ls_waldir pg_read_binary_file pg_read_file
        pg_read_file_old pg_stat_file pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings
        """,
    ),
    ((FILE, WRITE), "lo_import pg_rotate_logfile pg_rotate_logfile_old"),
    ((FILE,), "lo_export"),
    (
        (DEFINE,),
        """
        pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_create_logical_replication_slot
        pg_create_physical_replication_slot pg_extension_config_dump pg_import_system_collations
        pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_session_reset
        pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup
        """,
    ),
    ((DEFINE, DELETE), "pg_drop_replication_slot pg_replication_origin_drop"),
    (
        (PRIVILEGE,),
        """
        pg_backup_start pg_backup_stop pg_cancel_backend pg_log_backend_memory_contexts pg_promote pg_reload_conf
        pg_start_backup pg_stop_backup pg_stop_making_pinned_objects pg_terminate_backend pg_wal_replay_pause
        pg_wal_replay_resume
        """,
    ),
)
"""Effects → the volatile functions that have them. What depends on the arguments (lo_open, query_to_xml, set_config,
ts_rewrite, ts_stat) is judged more closely by the walk."""

_EXTENSIONS: tuple[tuple[tuple[Effect, ...], str], ...] = (
    (
        (NETWORK,),
        """
        dblink dblink_connect dblink_connect_u dblink_exec dblink_open dblink_send_query http_delete http_get
        http_head http_patch http_post http_put http_request postgres_fdw_get_connections
        """,
    ),
    ((FILE, WRITE), "pg_file_rename pg_file_sync pg_file_unlink pg_file_write"),
    ((FILE, READ), "pg_file_length pg_file_read pg_logdir_ls pg_logfile_rotate"),
    ((Effect.EXECUTE,), "pg_background_launch"),
)
"""What well-known extensions add: its effect is told, and the call is conceded all the same."""

SENSITIVE_FUNCTIONS = frozenset(("pg_hba_file_rules", "pg_ident_file_mappings", "pg_show_all_file_settings"))
INNER_SQL = frozenset(("query_to_xml", "query_to_xml_and_xmlschema", "query_to_xmlschema", "ts_stat", "ts_rewrite"))
"""Functions that run a string as SQL."""

RELATION_READERS = frozenset(("table_to_xml", "table_to_xml_and_xmlschema", "table_to_xmlschema"))
"""Functions that read the relation that a string names."""

WHOLE_READERS = frozenset(
    (
        "database_to_xml",
        "database_to_xml_and_xmlschema",
        "schema_to_xml",
        "schema_to_xml_and_xmlschema",
    )
)
"""Functions that read every relation of a schema or of the database."""

NOT_KNOWN = frozenset(("fmgr_c_validator", "fmgr_internal_validator", "fmgr_sql_validator"))
"""Functions that are not volatile by name and yet work on code that the call does not show."""

LARGE_OBJECT_WRITE = 0x20000
"""INV_WRITE of libpq-fs.h: the bit of lo_open's mode that asks for writing."""

_CATALOGUE_SCHEMAS = ("", "pg_catalog")


def _table(groups: tuple[tuple[tuple[Effect, ...], str], ...]) -> dict[str, frozenset[Effect]]:
    return {name: frozenset(effects) for effects, names in groups for name in names.split()}


VOLATILE_EFFECTS = _table(_VOLATILE)
EXTENSION_EFFECTS = _table(_EXTENSIONS)
_READS = frozenset((READ,))


@dataclass(frozen=True, slots=True)
class FunctionVerdict:
    """What a call does; `unknown` says why it is not known, empty where it is."""

    effects: frozenset[Effect]
    unknown: str = ""


_READ_VERDICT = FunctionVerdict(_READS)
_NO_EFFECTS: frozenset[Effect] = frozenset()


def judge_function(schema: str, name: str, arguments: int) -> FunctionVerdict:
    """Return what calling ``schema.name`` with `arguments` arguments does, by its name alone."""
    if schema in _CATALOGUE_SCHEMAS:
        known = catalogue().functions.get(name)
        if known is not None and known.takes(arguments):
            effects = VOLATILE_EFFECTS.get(name)
            if effects is not None:
                return FunctionVerdict(effects)
            if "v" not in known.volatility and name not in NOT_KNOWN:
                return _READ_VERDICT
            return FunctionVerdict(_NO_EFFECTS, f"the effects of the function {name} are not known")
        if name in VOLATILE_EFFECTS:
            return FunctionVerdict(
                VOLATILE_EFFECTS[name], f"no known server has a function {name} that takes {arguments} arguments"
            )
        if known is None and arguments == 1 and name in catalogue().types:
            return _READ_VERDICT
    elif schema == "information_schema" and name in catalogue().information_schema:
        return _READ_VERDICT
    full = f"{schema}.{name}" if schema else name
    return FunctionVerdict(
        EXTENSION_EFFECTS.get(name, _NO_EFFECTS),
        f"what the function {full} does is not known: it is not PostgreSQL's own",
    )
