"""the whole schema

Revision ID: 0001
Revises: 
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

# Campaign time: the database's clock plus one stored offset.
CLOCK = """
CREATE FUNCTION dialer_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT clock_timestamp() + shift FROM clock_offset $$
"""

# Law 1 in SQL: a call takes only the steps of dialer/calls/states.py, is dialed once, and keeps its carrier id.
CALL_STEPS = """
CREATE FUNCTION calls_take_legal_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (CASE OLD.state
        WHEN 'claimed' THEN NEW.state IN ('dialing', 'withdrawn')
        WHEN 'dialing' THEN NEW.state IN
            ('unknown', 'placed', 'ringing', 'answered', 'talking', 'ended', 'failed', 'withdrawn')
        WHEN 'unknown' THEN NEW.state IN ('placed', 'ringing', 'answered', 'talking', 'ended', 'failed')
        WHEN 'placed' THEN NEW.state IN ('ringing', 'answered', 'talking', 'ended')
        WHEN 'ringing' THEN NEW.state IN ('answered', 'talking', 'ended')
        WHEN 'answered' THEN NEW.state IN ('talking', 'transferred', 'ended')
        WHEN 'talking' THEN NEW.state IN ('transferred', 'ended')
        WHEN 'transferred' THEN NEW.state = 'ended'
        ELSE false END)
    THEN
        RAISE EXCEPTION 'call % is %; it cannot become %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.dialing_at IS NOT NULL AND NEW.dialing_at IS DISTINCT FROM OLD.dialing_at THEN
        RAISE EXCEPTION 'call % was dialed already', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.carrier_id IS NOT NULL AND NEW.carrier_id IS DISTINCT FROM OLD.carrier_id THEN
        RAISE EXCEPTION 'call % has the carrier id % already', OLD.id, OLD.carrier_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

# Law 5 in SQL: at commit, an outcome stands with its call closed, its lead moved on and its outbox rows written.
OUTCOME_WHOLE = """
CREATE FUNCTION outcomes_are_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM calls WHERE id = NEW.call_id AND state IN ('ended', 'failed') AND outcome_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the outcome of call % was written before the call was over', NEW.call_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.lead_id IS NOT NULL AND EXISTS (SELECT FROM calls WHERE id = NEW.call_id AND direction = 'outbound') AND NOT EXISTS (SELECT FROM lead_moves WHERE lead_id = NEW.lead_id AND call_id = NEW.call_id
        AND state <> 'in_flight')
    THEN
        RAISE EXCEPTION 'the outcome of call % came without the next step of lead %', NEW.call_id, NEW.lead_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (SELECT count(*) FROM outbox WHERE call_id = NEW.call_id) < NEW.deliveries THEN
        RAISE EXCEPTION 'the outcome of call % came without its outbox rows', NEW.call_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

CALL_STEPS_TRIGGER = """
CREATE TRIGGER calls_take_legal_steps BEFORE UPDATE OF state, dialing_at, carrier_id ON calls
FOR EACH ROW EXECUTE FUNCTION calls_take_legal_steps()
"""
OUTCOME_WHOLE_TRIGGER = """
CREATE CONSTRAINT TRIGGER outcomes_are_whole AFTER INSERT ON outcomes DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION outcomes_are_whole()
"""


def upgrade() -> None:
    op.create_table('callbacks',
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('params', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('received_wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('folded_wall', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_callbacks'))
    )
    op.create_index('ix_callbacks_unfolded', 'callbacks', ['received_wall'], unique=False, postgresql_where='folded_wall IS NULL')
    op.create_table('clock_jumps',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('before', sa.Interval(), nullable=False),
    sa.Column('after', sa.Interval(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clock_jumps'))
    )
    op.create_table('clock_offset',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('shift', sa.Interval(), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_clock_offset_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clock_offset'))
    )
    op.create_table('dialing_gate',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('shut', sa.Boolean(), nullable=False),
    sa.Column('by', sa.Text(), server_default='', nullable=False),
    sa.Column('why', sa.Text(), server_default='', nullable=False),
    sa.Column('moved_wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('system_identifier', sa.Text(), server_default='', nullable=False),
    sa.Column('timeline', sa.Integer(), server_default='0', nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_dialing_gate_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dialing_gate'))
    )
    op.create_table('gate_moves',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('shut', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gate_moves'))
    )
    op.create_table('organizations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organizations')),
    sa.UniqueConstraint('name', name=op.f('uq_organizations_name'))
    )
    op.create_table('strays',
    sa.Column('carrier_id', sa.Text(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('carrier_id', name=op.f('pk_strays'))
    )
    op.create_table('workers',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('media_url', sa.Text(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('draining', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('started_wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('heartbeat_wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_workers'))
    )
    op.create_table('agents',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_agents_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agents')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_agents_organization_id_id')),
    sa.UniqueConstraint('organization_id', 'name', name=op.f('uq_agents_organization_id_name'))
    )
    op.create_table('api_keys',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Enum('viewer', 'manager', 'admin', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('key_hash', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_api_keys_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_api_keys_key_hash'))
    )
    op.create_table('audit_events',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), server_default='', nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_audit_events_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_events'))
    )
    op.create_index(op.f('ix_audit_events_organization_id_at'), 'audit_events', ['organization_id', 'at'], unique=False)
    op.create_table('carrier_accounts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('vendor', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('cps', sa.Float(), server_default='1', nullable=False),
    sa.Column('next_slot', sa.DateTime(timezone=True), nullable=True),
    sa.Column('backoff_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('backoff_s', sa.Float(), server_default='0', nullable=False),
    sa.CheckConstraint('cps > 0', name=op.f('ck_carrier_accounts_cps')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_carrier_accounts_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_carrier_accounts')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_carrier_accounts_organization_id_id')),
    sa.UniqueConstraint('organization_id', 'vendor', 'account', name=op.f('uq_carrier_accounts_organization_id_vendor_account'))
    )
    op.create_table('consents',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('type', sa.Enum('express', 'written', name='consent_type', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('text_version', sa.Text(), server_default='', nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_consents_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consents'))
    )
    op.create_index(op.f('ix_consents_organization_id_phone'), 'consents', ['organization_id', 'phone'], unique=False)
    op.create_table('suppressions',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('phone_hash', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_suppressions_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppressions')),
    sa.UniqueConstraint('organization_id', 'phone_hash', name=op.f('uq_suppressions_organization_id_phone_hash'))
    )
    op.create_index(op.f('ix_suppressions_organization_id_phone'), 'suppressions', ['organization_id', 'phone'], unique=False)
    op.create_table('users',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('role', sa.Enum('viewer', 'manager', 'admin', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_users_email_lower')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_users_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email', name=op.f('uq_users_email'))
    )
    op.create_table('agent_versions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('agent_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('definition', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'agent_id'], ['agents.organization_id', 'agents.id'], name=op.f('fk_agent_versions_organization_id_agent_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_agent_versions_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agent_versions')),
    sa.UniqueConstraint('agent_id', 'number', name=op.f('uq_agent_versions_agent_id_number')),
    sa.UniqueConstraint('agent_id', 'sha256', name=op.f('uq_agent_versions_agent_id_sha256')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_agent_versions_organization_id_id'))
    )
    op.create_table('caller_ids',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('carrier_account_id', sa.Uuid(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('stopped_reason', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'carrier_account_id'], ['carrier_accounts.organization_id', 'carrier_accounts.id'], name=op.f('fk_caller_ids_organization_id_carrier_account_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_caller_ids_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_caller_ids')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_caller_ids_organization_id_id')),
    sa.UniqueConstraint('organization_id', 'phone', name=op.f('uq_caller_ids_organization_id_phone'))
    )
    op.create_table('campaigns',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'scheduled', 'running', 'paused', 'completed', 'stopped', name='campaign_state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agent_version_id', sa.Uuid(), nullable=False),
    sa.Column('caller_id_id', sa.Uuid(), nullable=False),
    sa.Column('region', sa.Text(), nullable=False),
    sa.Column('windows', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=True),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('concurrency', sa.Integer(), nullable=False),
    sa.Column('cps', sa.Float(), nullable=False),
    sa.Column('ring_timeout_s', sa.Integer(), server_default='25', nullable=False),
    sa.Column('max_attempts', sa.Integer(), server_default='3', nullable=False),
    sa.Column('retries', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint('concurrency > 0', name=op.f('ck_campaigns_concurrency')),
    sa.CheckConstraint('cps > 0', name=op.f('ck_campaigns_cps')),
    sa.CheckConstraint('max_attempts > 0', name=op.f('ck_campaigns_max_attempts')),
    sa.CheckConstraint('ring_timeout_s BETWEEN 20 AND 120', name=op.f('ck_campaigns_ring_timeout_s')),
    sa.ForeignKeyConstraint(['organization_id', 'agent_version_id'], ['agent_versions.organization_id', 'agent_versions.id'], name=op.f('fk_campaigns_organization_id_agent_version_id')),
    sa.ForeignKeyConstraint(['organization_id', 'caller_id_id'], ['caller_ids.organization_id', 'caller_ids.id'], name=op.f('fk_campaigns_organization_id_caller_id_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_campaigns_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaigns')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_campaigns_organization_id_id')),
    sa.UniqueConstraint('organization_id', 'name', name=op.f('uq_campaigns_organization_id_name'))
    )
    op.create_index('ix_campaigns_active', 'campaigns', ['id'], unique=False, postgresql_where="state IN ('scheduled', 'running')")
    op.create_table('campaign_moves',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'scheduled', 'running', 'paused', 'completed', 'stopped', name='campaign_state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_campaign_moves_campaign_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign_moves'))
    )
    op.create_index(op.f('ix_campaign_moves_campaign_id_id'), 'campaign_moves', ['campaign_id', 'id'], unique=False)
    op.create_table('campaign_places',
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaigns.id'], name=op.f('fk_campaign_places_campaign_id')),
    sa.PrimaryKeyConstraint('campaign_id', 'place', name=op.f('pk_campaign_places'))
    )
    op.create_table('imports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('filename', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('imported', sa.Integer(), nullable=False),
    sa.Column('unchanged', sa.Integer(), nullable=False),
    sa.Column('rejected', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('mapping', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('rejects_file', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'campaign_id'], ['campaigns.organization_id', 'campaigns.id'], name=op.f('fk_imports_organization_id_campaign_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_imports_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_imports'))
    )
    op.create_table('leads',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('first_name', sa.Text(), server_default='', nullable=False),
    sa.Column('last_name', sa.Text(), server_default='', nullable=False),
    sa.Column('company', sa.Text(), server_default='', nullable=False),
    sa.Column('email', sa.Text(), server_default='', nullable=False),
    sa.Column('fields', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('state', sa.Enum('due', 'waiting', 'in_flight', 'done', 'blocked', name='lead_state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('disposition', sa.Text(), nullable=True),
    sa.Column('import_id', sa.Uuid(), nullable=True),
    sa.Column('line', sa.Integer(), nullable=True),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("(state IN ('due', 'waiting')) = (due_at IS NOT NULL)", name=op.f('ck_leads_due_at')),
    sa.CheckConstraint("phone ~ '^[+][1-9][0-9]{6,14}$'", name=op.f('ck_leads_phone_e164')),
    sa.CheckConstraint("state <> 'done' OR disposition IS NOT NULL", name=op.f('ck_leads_disposition')),
    sa.CheckConstraint("state NOT IN ('waiting', 'blocked') OR reason <> ''", name=op.f('ck_leads_reason')),
    sa.ForeignKeyConstraint(['import_id'], ['imports.id'], name=op.f('fk_leads_import_id')),
    sa.ForeignKeyConstraint(['organization_id', 'campaign_id'], ['campaigns.organization_id', 'campaigns.id'], name=op.f('fk_leads_organization_id_campaign_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_leads_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leads')),
    sa.UniqueConstraint('campaign_id', 'phone', name=op.f('uq_leads_campaign_id_phone')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_leads_organization_id_id'))
    )
    op.create_index('ix_leads_due', 'leads', ['campaign_id', 'place', 'due_at', 'id'], unique=False, postgresql_where="state = 'due'")
    op.create_index('ix_leads_in_flight', 'leads', ['campaign_id'], unique=False, postgresql_where="state = 'in_flight'")
    op.create_index(op.f('ix_leads_organization_id_phone'), 'leads', ['organization_id', 'phone'], unique=False)
    op.create_index('ix_leads_waiting', 'leads', ['campaign_id', 'due_at'], unique=False, postgresql_where="state = 'waiting'")
    op.create_table('calls',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=True),
    sa.Column('lead_id', sa.BigInteger(), nullable=True),
    sa.Column('attempt', sa.Integer(), nullable=True),
    sa.Column('purpose', sa.Enum('campaign', 'test', 'inbound', name='purpose', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('direction', sa.Enum('outbound', 'inbound', name='direction', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('to_number', sa.Text(), nullable=False),
    sa.Column('from_number', sa.Text(), nullable=False),
    sa.Column('carrier_account_id', sa.Uuid(), nullable=False),
    sa.Column('agent_version_id', sa.Uuid(), nullable=False),
    sa.Column('carrier_id', sa.Text(), nullable=True),
    sa.Column('state', sa.Enum('claimed', 'dialing', 'unknown', 'placed', 'ringing', 'answered', 'talking', 'transferred', 'ended', 'failed', 'withdrawn', name='call_state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('ring_timeout_s', sa.Integer(), nullable=False),
    sa.Column('dial_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('dialing_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dialing_wall', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_wall', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settle_wall', sa.DateTime(timezone=True), nullable=True),
    sa.Column('carrier_status', sa.Text(), nullable=True),
    sa.Column('carrier_code', sa.Text(), nullable=True),
    sa.Column('duration_s', sa.Integer(), nullable=True),
    sa.Column('answered_by', sa.Text(), nullable=True),
    sa.Column('machine', sa.Text(), nullable=True),
    sa.Column('machine_evidence', sa.Text(), nullable=True),
    sa.Column('seat', sa.Enum('none', 'wanted', 'taken', 'given_up', name='seat_state', native_enum=False, create_constraint=True, length=32), server_default='none', nullable=False),
    sa.Column('seat_epoch', sa.Integer(), server_default='0', nullable=False),
    sa.Column('seat_worker', sa.Text(), nullable=True),
    sa.Column('seat_url', sa.Text(), nullable=True),
    sa.Column('seat_wall', sa.DateTime(timezone=True), nullable=True),
    sa.Column('stream_id', sa.Text(), nullable=True),
    sa.Column('ending', sa.Text(), nullable=True),
    sa.Column('transfer_to', sa.Text(), nullable=True),
    sa.Column('opener_done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opted_out_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('handed_in_wall', sa.DateTime(timezone=True), nullable=True),
    sa.Column('talk_s', sa.Float(), nullable=True),
    sa.Column('recording', sa.Text(), nullable=True),
    sa.Column('outcome_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(purpose = 'campaign') = (lead_id IS NOT NULL) OR purpose = 'inbound'", name=op.f('ck_calls_campaign_call_has_lead')),
    sa.CheckConstraint("direction <> 'outbound' OR state IN ('claimed', 'withdrawn') OR dialing_at IS NOT NULL", name=op.f('ck_calls_dialing_at')),
    sa.CheckConstraint("seat <> 'taken' OR seat_worker IS NOT NULL", name=op.f('ck_calls_seat_worker')),
    sa.CheckConstraint("state <> 'unknown' OR carrier_id IS NULL", name=op.f('ck_calls_unknown_has_no_carrier_id')),
    sa.CheckConstraint("state NOT IN ('claimed', 'withdrawn') OR carrier_id IS NULL", name=op.f('ck_calls_carrier_id_after_dialing')),
    sa.ForeignKeyConstraint(['organization_id', 'agent_version_id'], ['agent_versions.organization_id', 'agent_versions.id'], name=op.f('fk_calls_organization_id_agent_version_id')),
    sa.ForeignKeyConstraint(['organization_id', 'campaign_id'], ['campaigns.organization_id', 'campaigns.id'], name=op.f('fk_calls_organization_id_campaign_id')),
    sa.ForeignKeyConstraint(['organization_id', 'carrier_account_id'], ['carrier_accounts.organization_id', 'carrier_accounts.id'], name=op.f('fk_calls_organization_id_carrier_account_id')),
    sa.ForeignKeyConstraint(['organization_id', 'lead_id'], ['leads.organization_id', 'leads.id'], name=op.f('fk_calls_organization_id_lead_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_calls_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calls')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_calls_organization_id_id'))
    )
    op.create_index(op.f('ix_calls_campaign_id_claimed_at'), 'calls', ['campaign_id', 'claimed_at'], unique=False)
    op.create_index(op.f('ix_calls_dialing_wall'), 'calls', ['dialing_wall'], unique=False)
    op.create_index(op.f('ix_calls_lead_id'), 'calls', ['lead_id'], unique=False)
    op.create_index('ix_calls_open', 'calls', ['state', 'moved_wall'], unique=False, postgresql_where="state IN ('answered', 'claimed', 'dialing', 'placed', 'ringing', 'talking', 'transferred', 'unknown')")
    op.create_index(op.f('ix_calls_organization_id_to_number'), 'calls', ['organization_id', 'to_number'], unique=False)
    op.create_index('ix_calls_unfinished', 'calls', ['closed_wall'], unique=False, postgresql_where="outcome_at IS NULL AND state IN ('ended', 'failed')")
    op.create_index('uq_calls_attempt', 'calls', ['lead_id', 'attempt'], unique=True, postgresql_where="state <> 'withdrawn'")
    op.create_index('uq_calls_carrier_id', 'calls', ['carrier_account_id', 'carrier_id'], unique=True, postgresql_where='carrier_id IS NOT NULL')
    op.create_index('uq_calls_open_lead', 'calls', ['lead_id'], unique=True, postgresql_where="direction = 'outbound' AND state IN ('answered', 'claimed', 'dialing', 'placed', 'ringing', 'talking', 'transferred', 'unknown')")
    op.create_index('uq_calls_open_phone', 'calls', ['organization_id', 'to_number'], unique=True, postgresql_where="direction = 'outbound' AND state IN ('answered', 'claimed', 'dialing', 'placed', 'ringing', 'talking', 'transferred', 'unknown')")
    op.create_table('crm_links',
    sa.Column('lead_id', sa.BigInteger(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['lead_id'], ['leads.id'], name=op.f('fk_crm_links_lead_id')),
    sa.PrimaryKeyConstraint('lead_id', 'destination', name=op.f('pk_crm_links'))
    )
    op.create_table('lead_moves',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('lead_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Enum('due', 'waiting', 'in_flight', 'done', 'blocked', name='lead_state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('call_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['lead_id'], ['leads.id'], name=op.f('fk_lead_moves_lead_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_moves'))
    )
    op.create_index(op.f('ix_lead_moves_lead_id_id'), 'lead_moves', ['lead_id', 'id'], unique=False)
    op.create_table('call_moves',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('claimed', 'dialing', 'unknown', 'placed', 'ringing', 'answered', 'talking', 'transferred', 'ended', 'failed', 'withdrawn', name='call_state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_call_moves_call_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_moves'))
    )
    op.create_index(op.f('ix_call_moves_call_id_id'), 'call_moves', ['call_id', 'id'], unique=False)
    op.create_table('follow_ups',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('lead_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Enum('call_interested', 'call_back', 'after_transfer', 'read_message', name='follow_up_kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('owner', sa.Text(), server_default='', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'call_id'], ['calls.organization_id', 'calls.id'], name=op.f('fk_follow_ups_organization_id_call_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_follow_ups_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_follow_ups')),
    sa.UniqueConstraint('call_id', 'kind', name=op.f('uq_follow_ups_call_id_kind'))
    )
    op.create_index(op.f('ix_follow_ups_organization_id_due_at'), 'follow_ups', ['organization_id', 'due_at'], unique=False)
    op.create_table('outcomes',
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=True),
    sa.Column('lead_id', sa.BigInteger(), nullable=True),
    sa.Column('disposition', sa.Enum('interested', 'not_interested', 'callback', 'do_not_call', 'transferred', 'wrong_number', 'hung_up', 'voicemail', 'screened', 'silence', 'no_answer', 'busy', 'failed', 'invalid_number', 'abandoned', name='disposition', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('summary', sa.Text(), server_default='', nullable=False),
    sa.Column('fields', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('next_step', sa.Text(), nullable=False),
    sa.Column('deliveries', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'call_id'], ['calls.organization_id', 'calls.id'], name=op.f('fk_outcomes_organization_id_call_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_outcomes_organization_id')),
    sa.PrimaryKeyConstraint('call_id', name=op.f('pk_outcomes'))
    )
    op.create_index(op.f('ix_outcomes_campaign_id_disposition'), 'outcomes', ['campaign_id', 'disposition'], unique=False)
    op.create_table('tool_uses',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('arguments', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('result', sa.Text(), server_default='', nullable=False),
    sa.Column('ok', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_tool_uses_call_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tool_uses')),
    sa.UniqueConstraint('call_id', 'key', name=op.f('uq_tool_uses_call_id_key'))
    )
    op.create_table('turns',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('speaker', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('interrupted', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('started_s', sa.Float(), nullable=False),
    sa.Column('ended_s', sa.Float(), nullable=False),
    sa.Column('timings_ms', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('cost', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_turns_call_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_turns')),
    sa.UniqueConstraint('call_id', 'epoch', 'number', name=op.f('uq_turns_call_id_epoch_number'))
    )
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('kind', sa.Enum('contact', 'activity', 'task', 'event', name='outbox_kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('lead_id', sa.BigInteger(), nullable=True),
    sa.Column('call_id', sa.Uuid(), nullable=True),
    sa.Column('follow_up_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Enum('pending', 'sent', 'parked', name='outbox_state', native_enum=False, create_constraint=True, length=32), server_default='pending', nullable=False),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('next_wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('lease', sa.Uuid(), nullable=True),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_wall', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('sent_wall', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_outbox_call_id')),
    sa.ForeignKeyConstraint(['follow_up_id'], ['follow_ups.id'], name=op.f('fk_outbox_follow_up_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_outbox_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('destination', 'key', name=op.f('uq_outbox_destination_key'))
    )
    op.create_index(op.f('ix_outbox_call_id'), 'outbox', ['call_id'], unique=False)
    op.create_index('ix_outbox_due', 'outbox', ['next_wall', 'id'], unique=False, postgresql_where="state = 'pending'")
    op.create_index('ix_outbox_order', 'outbox', ['destination', 'lead_id', 'id'], unique=False, postgresql_where="state <> 'sent'")
    for statement in (CLOCK, CALL_STEPS, CALL_STEPS_TRIGGER, OUTCOME_WHOLE, OUTCOME_WHOLE_TRIGGER):
        op.execute(statement)
    op.execute("INSERT INTO clock_offset (id, shift) VALUES (1, '0')")
    op.execute("INSERT INTO dialing_gate (id, shut) VALUES (1, false)")


def downgrade() -> None:
    op.drop_index('ix_outbox_order', table_name='outbox', postgresql_where="state <> 'sent'")
    op.drop_index('ix_outbox_due', table_name='outbox', postgresql_where="state = 'pending'")
    op.drop_index(op.f('ix_outbox_call_id'), table_name='outbox')
    op.drop_table('outbox')
    op.drop_table('turns')
    op.drop_table('tool_uses')
    op.drop_index(op.f('ix_outcomes_campaign_id_disposition'), table_name='outcomes')
    op.drop_table('outcomes')
    op.drop_index(op.f('ix_follow_ups_organization_id_due_at'), table_name='follow_ups')
    op.drop_table('follow_ups')
    op.drop_index(op.f('ix_call_moves_call_id_id'), table_name='call_moves')
    op.drop_table('call_moves')
    op.drop_index(op.f('ix_lead_moves_lead_id_id'), table_name='lead_moves')
    op.drop_table('lead_moves')
    op.drop_table('crm_links')
    op.drop_index('uq_calls_open_phone', table_name='calls', postgresql_where="direction = 'outbound' AND state IN ('answered', 'claimed', 'dialing', 'placed', 'ringing', 'talking', 'transferred', 'unknown')")
    op.drop_index('uq_calls_open_lead', table_name='calls', postgresql_where="direction = 'outbound' AND state IN ('answered', 'claimed', 'dialing', 'placed', 'ringing', 'talking', 'transferred', 'unknown')")
    op.drop_index('uq_calls_carrier_id', table_name='calls', postgresql_where='carrier_id IS NOT NULL')
    op.drop_index('uq_calls_attempt', table_name='calls', postgresql_where="state <> 'withdrawn'")
    op.drop_index('ix_calls_unfinished', table_name='calls', postgresql_where="outcome_at IS NULL AND state IN ('ended', 'failed')")
    op.drop_index(op.f('ix_calls_organization_id_to_number'), table_name='calls')
    op.drop_index('ix_calls_open', table_name='calls', postgresql_where="state IN ('answered', 'claimed', 'dialing', 'placed', 'ringing', 'talking', 'transferred', 'unknown')")
    op.drop_index(op.f('ix_calls_lead_id'), table_name='calls')
    op.drop_index(op.f('ix_calls_dialing_wall'), table_name='calls')
    op.drop_index(op.f('ix_calls_campaign_id_claimed_at'), table_name='calls')
    op.drop_table('calls')
    op.drop_index('ix_leads_waiting', table_name='leads', postgresql_where="state = 'waiting'")
    op.drop_index(op.f('ix_leads_organization_id_phone'), table_name='leads')
    op.drop_index('ix_leads_in_flight', table_name='leads', postgresql_where="state = 'in_flight'")
    op.drop_index('ix_leads_due', table_name='leads', postgresql_where="state = 'due'")
    op.drop_table('leads')
    op.drop_table('imports')
    op.drop_table('campaign_places')
    op.drop_index(op.f('ix_campaign_moves_campaign_id_id'), table_name='campaign_moves')
    op.drop_table('campaign_moves')
    op.drop_index('ix_campaigns_active', table_name='campaigns', postgresql_where="state IN ('scheduled', 'running')")
    op.drop_table('campaigns')
    op.drop_table('caller_ids')
    op.drop_table('agent_versions')
    op.drop_table('users')
    op.drop_index(op.f('ix_suppressions_organization_id_phone'), table_name='suppressions')
    op.drop_table('suppressions')
    op.drop_index(op.f('ix_consents_organization_id_phone'), table_name='consents')
    op.drop_table('consents')
    op.drop_table('carrier_accounts')
    op.drop_index(op.f('ix_audit_events_organization_id_at'), table_name='audit_events')
    op.drop_table('audit_events')
    op.drop_table('api_keys')
    op.drop_table('agents')
    op.drop_table('workers')
    op.drop_table('strays')
    op.drop_table('organizations')
    op.drop_table('gate_moves')
    op.drop_table('dialing_gate')
    op.drop_table('clock_offset')
    op.drop_table('clock_jumps')
    op.drop_index('ix_callbacks_unfolded', table_name='callbacks', postgresql_where='folded_wall IS NULL')
    op.drop_table('callbacks')
    for function in ("dialer_now", "calls_take_legal_steps", "outcomes_are_whole"):
        op.execute(f"DROP FUNCTION {function}()")
