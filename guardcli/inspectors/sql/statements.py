"""What each kind of statement does by itself, before anything inside of it is looked at.

The kinds are the parse nodes of PostgreSQL 13 to 18. What stands in neither table is conceded.
"""

from __future__ import annotations

from guardcli.model.effects import Effect

READ, SESSION, WRITE, DELETE = Effect.READ, Effect.SESSION, Effect.WRITE, Effect.DELETE
DEFINE, FILE, PRIVILEGE, NETWORK = Effect.DEFINE, Effect.FILE, Effect.PRIVILEGE, Effect.NETWORK
EXECUTE = Effect.EXECUTE

Kind = tuple[str, tuple[Effect, ...]]

PLAIN: dict[str, Kind] = {
    "SelectStmt": ("select", (READ,)),
    "InsertStmt": ("insert", ()),
    "UpdateStmt": ("update", ()),
    "DeleteStmt": ("delete", ()),
    "MergeStmt": ("merge", ()),
    "VariableShowStmt": ("show", (READ,)),
    "DeclareCursorStmt": ("declare", (SESSION,)),
    "FetchStmt": ("fetch", (READ, SESSION)),
    "ClosePortalStmt": ("close", (SESSION,)),
    "PrepareStmt": ("prepare", (SESSION,)),
    "DeallocateStmt": ("deallocate", (SESSION,)),
    "ConstraintsSetStmt": ("set constraints", (SESSION,)),
    "ListenStmt": ("listen", (SESSION,)),
    "UnlistenStmt": ("unlisten", (SESSION,)),
    "NotifyStmt": ("notify", (WRITE,)),
    "CheckPointStmt": ("checkpoint", (WRITE,)),
    "ClusterStmt": ("cluster", (WRITE,)),
    "ReindexStmt": ("reindex", (WRITE,)),
    "RefreshMatViewStmt": ("refresh materialized view", (WRITE,)),
    "TruncateStmt": ("truncate", (DELETE,)),
    "LoadStmt": ("load", (EXECUTE,)),
    "CreateTableAsStmt": ("create table as", (DEFINE, WRITE)),
    "CreateStmt": ("create table", (DEFINE,)),
    "CreateForeignTableStmt": ("create foreign table", (DEFINE, NETWORK)),
    "AlterTableStmt": ("alter table", (DEFINE,)),
    "AlterTableMoveAllStmt": ("alter table", (DEFINE,)),
    "ReplicaIdentityStmt": ("alter table", (DEFINE,)),
    "CreateSchemaStmt": ("create schema", (DEFINE,)),
    "CreateSeqStmt": ("create sequence", (DEFINE,)),
    "AlterSeqStmt": ("alter sequence", (DEFINE,)),
    "IndexStmt": ("create index", (DEFINE,)),
    "ViewStmt": ("create view", (DEFINE,)),
    "RuleStmt": ("create rule", (DEFINE,)),
    "CreateTrigStmt": ("create trigger", (DEFINE,)),
    "CreateEventTrigStmt": ("create event trigger", (DEFINE, PRIVILEGE)),
    "AlterEventTrigStmt": ("alter event trigger", (DEFINE, PRIVILEGE)),
    "CreateFunctionStmt": ("create function", (DEFINE,)),
    "AlterFunctionStmt": ("alter function", (DEFINE,)),
    "CreateCastStmt": ("create cast", (DEFINE,)),
    "CreateConversionStmt": ("create conversion", (DEFINE,)),
    "CreateDomainStmt": ("create domain", (DEFINE,)),
    "AlterDomainStmt": ("alter domain", (DEFINE,)),
    "CreateEnumStmt": ("create type", (DEFINE,)),
    "AlterEnumStmt": ("alter type", (DEFINE,)),
    "CreateRangeStmt": ("create type", (DEFINE,)),
    "CompositeTypeStmt": ("create type", (DEFINE,)),
    "AlterTypeStmt": ("alter type", (DEFINE,)),
    "CreateOpClassStmt": ("create operator class", (DEFINE,)),
    "CreateOpFamilyStmt": ("create operator family", (DEFINE,)),
    "AlterOpFamilyStmt": ("alter operator family", (DEFINE,)),
    "AlterOperatorStmt": ("alter operator", (DEFINE,)),
    "CreateStatsStmt": ("create statistics", (DEFINE,)),
    "AlterStatsStmt": ("alter statistics", (DEFINE,)),
    "AlterTSDictionaryStmt": ("alter text search dictionary", (DEFINE,)),
    "AlterTSConfigurationStmt": ("alter text search configuration", (DEFINE,)),
    "AlterCollationStmt": ("alter collation", (DEFINE,)),
    "CreateTransformStmt": ("create transform", (DEFINE,)),
    "CreateAmStmt": ("create access method", (DEFINE, EXECUTE)),
    "CreatePLangStmt": ("create language", (DEFINE, EXECUTE)),
    "CreateExtensionStmt": ("create extension", (DEFINE, EXECUTE)),
    "AlterExtensionStmt": ("alter extension", (DEFINE, EXECUTE)),
    "AlterExtensionContentsStmt": ("alter extension", (DEFINE,)),
    "AlterObjectDependsStmt": ("alter", (DEFINE,)),
    "CreateFdwStmt": ("create foreign data wrapper", (DEFINE, EXECUTE, NETWORK)),
    "AlterFdwStmt": ("alter foreign data wrapper", (DEFINE, EXECUTE, NETWORK)),
    "CreateForeignServerStmt": ("create server", (DEFINE, NETWORK)),
    "AlterForeignServerStmt": ("alter server", (DEFINE, NETWORK)),
    "ImportForeignSchemaStmt": ("import foreign schema", (DEFINE, NETWORK)),
    "CreateUserMappingStmt": ("create user mapping", (DEFINE, NETWORK, PRIVILEGE)),
    "AlterUserMappingStmt": ("alter user mapping", (DEFINE, NETWORK, PRIVILEGE)),
    "DropUserMappingStmt": ("drop user mapping", (DEFINE, DELETE, PRIVILEGE)),
    "CreatePublicationStmt": ("create publication", (DEFINE,)),
    "AlterPublicationStmt": ("alter publication", (DEFINE,)),
    "CreateSubscriptionStmt": ("create subscription", (DEFINE, NETWORK, WRITE)),
    "AlterSubscriptionStmt": ("alter subscription", (DEFINE, NETWORK, WRITE)),
    "DropSubscriptionStmt": ("drop subscription", (DEFINE, DELETE, NETWORK)),
    "CreateTableSpaceStmt": ("create tablespace", (DEFINE, FILE)),
    "AlterTableSpaceOptionsStmt": ("alter tablespace", (DEFINE,)),
    "DropTableSpaceStmt": ("drop tablespace", (DEFINE, DELETE, FILE)),
    "CreatedbStmt": ("create database", (DEFINE,)),
    "AlterDatabaseStmt": ("alter database", (DEFINE,)),
    "AlterDatabaseRefreshCollStmt": ("alter database", (DEFINE,)),
    "AlterDatabaseSetStmt": ("alter database", (DEFINE, PRIVILEGE)),
    "DropdbStmt": ("drop database", (DEFINE, DELETE)),
    "CommentStmt": ("comment", (DEFINE,)),
    "SecLabelStmt": ("security label", (PRIVILEGE,)),
    "GrantStmt": ("grant", (PRIVILEGE,)),
    "GrantRoleStmt": ("grant", (PRIVILEGE,)),
    "AlterDefaultPrivilegesStmt": ("alter default privileges", (PRIVILEGE,)),
    "CreateRoleStmt": ("create role", (PRIVILEGE,)),
    "AlterRoleStmt": ("alter role", (PRIVILEGE,)),
    "AlterRoleSetStmt": ("alter role", (PRIVILEGE,)),
    "DropRoleStmt": ("drop role", (PRIVILEGE, DELETE)),
    "ReassignOwnedStmt": ("reassign owned", (PRIVILEGE, DEFINE)),
    "DropOwnedStmt": ("drop owned", (PRIVILEGE, DEFINE, DELETE)),
    "CreatePolicyStmt": ("create policy", (DEFINE, PRIVILEGE)),
    "AlterPolicyStmt": ("alter policy", (DEFINE, PRIVILEGE)),
    "AlterSystemStmt": ("alter system", (PRIVILEGE, FILE)),
    "AlterOwnerStmt": ("alter", (DEFINE, PRIVILEGE)),
    "AlterObjectSchemaStmt": ("alter", (DEFINE,)),
    "RenameStmt": ("alter", (DEFINE,)),
    "DefineStmt": ("create", (DEFINE,)),
    "DropStmt": ("drop", (DEFINE, DELETE)),
}
"""Parse node → the statement's words and what it does by itself."""

TABLES_MADE: dict[str, Kind] = {
    "CreateStmt": ("create temporary table", (WRITE,)),
    "CreateTableAsStmt": ("create temporary table as", (WRITE,)),
}
"""What the statements that make a table are when the table ends with the session."""

CONCEDED: dict[str, tuple[str, tuple[Effect, ...], str]] = {
    "DoStmt": ("do", (WRITE,), "it runs a block of procedural code"),
    "CallStmt": ("call", (WRITE,), "it runs a procedure"),
}
"""Parse node → words, effects as far as known, reason."""

ALTER_PRIVILEGE = frozenset(
    (
        "AT_ChangeOwner",
        "AT_EnableRowSecurity",
        "AT_DisableRowSecurity",
        "AT_ForceRowSecurity",
        "AT_NoForceRowSecurity",
    )
)
"""Parts of ALTER TABLE that change who may do what."""

ALTER_DELETE = frozenset(("AT_DropColumn", "AT_DropConstraint", "AT_DropExpression", "AT_SetUnLogged"))
"""Parts of ALTER TABLE that lose data or a rule that guards it."""

TRANSACTION_WRITES = frozenset(("TRANS_STMT_PREPARE", "TRANS_STMT_COMMIT_PREPARED", "TRANS_STMT_ROLLBACK_PREPARED"))
"""Two-phase commit: its transactions outlive the session."""

SAFE_LANGUAGES = frozenset(("sql", "plpgsql", "plperl", "pltcl", "plv8", "internal"))
"""Languages whose functions can do only what SQL can; a function in any other can run a program."""

ROW_SHARE_LOCK = 2
"""RowShareLock of lockdefs.h: up to it a lock stops no reader and no writer of rows."""

OBJECT_KINDS = {
    "OBJECT_TABLE": "table",
    "OBJECT_VIEW": "table",
    "OBJECT_MATVIEW": "table",
    "OBJECT_FOREIGN_TABLE": "table",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "function",
    "OBJECT_ROUTINE": "function",
    "OBJECT_AGGREGATE": "function",
    "OBJECT_DATABASE": "database",
    "OBJECT_ROLE": "role",
}
"""Object type → kind of target; whatever is not listed is an ``object`` named kind/name."""

OBJECT_WORDS = {
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_AMOP": "operator",
    "OBJECT_AMPROC": "operator",
    "OBJECT_FDW": "foreign data wrapper",
    "OBJECT_FOREIGN_SERVER": "server",
    "OBJECT_OPCLASS": "operator class",
    "OBJECT_OPFAMILY": "operator family",
    "OBJECT_STATISTIC_EXT": "statistics",
    "OBJECT_TABCONSTRAINT": "table",
    "OBJECT_TSCONFIGURATION": "text search configuration",
    "OBJECT_TSDICTIONARY": "text search dictionary",
    "OBJECT_TSPARSER": "text search parser",
    "OBJECT_TSTEMPLATE": "text search template",
}
"""Object types whose words are not their name."""


def object_words(kind: str) -> str:
    """Return the words of an object type: ``foreign table`` for OBJECT_FOREIGN_TABLE."""
    return OBJECT_WORDS.get(kind, kind.removeprefix("OBJECT_").replace("_", " ").lower())
