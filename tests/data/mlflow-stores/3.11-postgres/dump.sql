--
-- PostgreSQL database dump
--

\restrict wpTWrhQOhDXECxL4hk5zfu6905xq6tgzwCJdQ0vHxhteeO9k8nUhdwNeLDYTulO

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: prevent_secrets_aad_mutation(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.prevent_secrets_aad_mutation() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.secret_id != NEW.secret_id OR OLD.secret_name != NEW.secret_name THEN
        RAISE EXCEPTION 'secret_id and secret_name are immutable (used as AAD in encryption)';
    END IF;
    RETURN NEW;
END;
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: assessments; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.assessments (
    assessment_id character varying(50) NOT NULL,
    trace_id character varying(50) NOT NULL,
    name character varying(250) NOT NULL,
    assessment_type character varying(20) NOT NULL,
    value text NOT NULL,
    error text,
    created_timestamp bigint NOT NULL,
    last_updated_timestamp bigint NOT NULL,
    source_type character varying(50) NOT NULL,
    source_id character varying(250),
    run_id character varying(32),
    span_id character varying(50),
    rationale text,
    overrides character varying(50),
    valid boolean NOT NULL,
    assessment_metadata text
);


--
-- Name: budget_policies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.budget_policies (
    budget_policy_id character varying(36) NOT NULL,
    budget_unit character varying(32) NOT NULL,
    budget_amount double precision NOT NULL,
    duration_unit character varying(32) NOT NULL,
    duration_value integer NOT NULL,
    target_scope character varying(32) NOT NULL,
    budget_action character varying(32) NOT NULL,
    created_by character varying(255),
    created_at bigint NOT NULL,
    last_updated_by character varying(255),
    last_updated_at bigint NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: datasets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.datasets (
    dataset_uuid character varying(36) NOT NULL,
    experiment_id integer NOT NULL,
    name character varying(500) NOT NULL,
    digest character varying(36) NOT NULL,
    dataset_source_type character varying(36) NOT NULL,
    dataset_source text NOT NULL,
    dataset_schema text,
    dataset_profile text
);


--
-- Name: endpoint_bindings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.endpoint_bindings (
    endpoint_id character varying(36) NOT NULL,
    resource_type character varying(50) NOT NULL,
    resource_id character varying(255) NOT NULL,
    created_at bigint NOT NULL,
    created_by character varying(255),
    last_updated_at bigint NOT NULL,
    last_updated_by character varying(255),
    display_name character varying(255)
);


--
-- Name: endpoint_model_mappings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.endpoint_model_mappings (
    mapping_id character varying(36) NOT NULL,
    endpoint_id character varying(36) NOT NULL,
    model_definition_id character varying(36) NOT NULL,
    weight double precision NOT NULL,
    created_by character varying(255),
    created_at bigint NOT NULL,
    linkage_type character varying(64) DEFAULT 'PRIMARY'::character varying NOT NULL,
    fallback_order integer
);


--
-- Name: endpoint_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.endpoint_tags (
    key character varying(250) NOT NULL,
    value character varying(5000),
    endpoint_id character varying(36) NOT NULL
);


--
-- Name: endpoints; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.endpoints (
    endpoint_id character varying(36) NOT NULL,
    name character varying(255),
    created_by character varying(255),
    created_at bigint NOT NULL,
    last_updated_by character varying(255),
    last_updated_at bigint NOT NULL,
    routing_strategy character varying(64),
    fallback_config_json text,
    experiment_id integer,
    usage_tracking boolean DEFAULT false NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: entity_associations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.entity_associations (
    association_id character varying(36) NOT NULL,
    source_type character varying(36) NOT NULL,
    source_id character varying(36) NOT NULL,
    destination_type character varying(36) NOT NULL,
    destination_id character varying(36) NOT NULL,
    created_time bigint
);


--
-- Name: evaluation_dataset_records; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.evaluation_dataset_records (
    dataset_record_id character varying(36) NOT NULL,
    dataset_id character varying(36) NOT NULL,
    inputs json NOT NULL,
    expectations json,
    tags json,
    source json,
    source_id character varying(36),
    source_type character varying(255),
    created_time bigint,
    last_update_time bigint,
    created_by character varying(255),
    last_updated_by character varying(255),
    input_hash character varying(64) NOT NULL,
    outputs json
);


--
-- Name: evaluation_dataset_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.evaluation_dataset_tags (
    dataset_id character varying(36) NOT NULL,
    key character varying(255) NOT NULL,
    value character varying(5000)
);


--
-- Name: evaluation_datasets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.evaluation_datasets (
    dataset_id character varying(36) NOT NULL,
    name character varying(255) NOT NULL,
    schema text,
    profile text,
    digest character varying(64),
    created_time bigint,
    last_update_time bigint,
    created_by character varying(255),
    last_updated_by character varying(255),
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: experiment_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.experiment_tags (
    key character varying(250) NOT NULL,
    value character varying(5000),
    experiment_id integer NOT NULL
);


--
-- Name: experiments; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.experiments (
    experiment_id integer NOT NULL,
    name character varying(256) NOT NULL,
    artifact_location character varying(256),
    lifecycle_stage character varying(32),
    creation_time bigint,
    last_update_time bigint,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL,
    CONSTRAINT experiments_lifecycle_stage CHECK (((lifecycle_stage)::text = ANY ((ARRAY['active'::character varying, 'deleted'::character varying])::text[])))
);


--
-- Name: experiments_experiment_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.experiments_experiment_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: experiments_experiment_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.experiments_experiment_id_seq OWNED BY public.experiments.experiment_id;


--
-- Name: guardrail_configs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.guardrail_configs (
    endpoint_id character varying(36) NOT NULL,
    guardrail_id character varying(36) NOT NULL,
    execution_order integer,
    created_by character varying(255),
    created_at bigint NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: guardrails; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.guardrails (
    guardrail_id character varying(36) NOT NULL,
    name character varying(255) NOT NULL,
    scorer_id character varying(36) NOT NULL,
    scorer_version integer NOT NULL,
    stage character varying(32) NOT NULL,
    action character varying(32) NOT NULL,
    action_endpoint_id character varying(36),
    created_by character varying(255),
    created_at bigint NOT NULL,
    last_updated_by character varying(255),
    last_updated_at bigint NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: input_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.input_tags (
    input_uuid character varying(36) NOT NULL,
    name character varying(255) NOT NULL,
    value character varying(500) NOT NULL
);


--
-- Name: inputs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.inputs (
    input_uuid character varying(36) NOT NULL,
    source_type character varying(36) NOT NULL,
    source_id character varying(36) NOT NULL,
    destination_type character varying(36) NOT NULL,
    destination_id character varying(36) NOT NULL,
    step bigint DEFAULT '0'::bigint NOT NULL
);


--
-- Name: issues; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.issues (
    issue_id character varying(36) NOT NULL,
    experiment_id integer NOT NULL,
    name character varying(250) NOT NULL,
    description text NOT NULL,
    status character varying(50) NOT NULL,
    severity character varying(50),
    root_causes text,
    source_run_id character varying(32),
    categories text,
    created_timestamp bigint NOT NULL,
    last_updated_timestamp bigint NOT NULL,
    created_by character varying(255)
);


--
-- Name: jobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.jobs (
    id character varying(36) NOT NULL,
    creation_time bigint NOT NULL,
    job_name character varying(500) NOT NULL,
    params text NOT NULL,
    timeout double precision,
    status integer NOT NULL,
    result text,
    retry_count integer NOT NULL,
    last_update_time bigint NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL,
    status_details json
);


--
-- Name: latest_metrics; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.latest_metrics (
    key character varying(250) NOT NULL,
    value double precision NOT NULL,
    "timestamp" bigint,
    step bigint NOT NULL,
    is_nan boolean NOT NULL,
    run_uuid character varying(32) NOT NULL
);


--
-- Name: logged_model_metrics; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.logged_model_metrics (
    model_id character varying(36) NOT NULL,
    metric_name character varying(500) NOT NULL,
    metric_timestamp_ms bigint NOT NULL,
    metric_step bigint NOT NULL,
    metric_value double precision,
    experiment_id integer NOT NULL,
    run_id character varying(32) NOT NULL,
    dataset_uuid character varying(36),
    dataset_name character varying(500),
    dataset_digest character varying(36)
);


--
-- Name: logged_model_params; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.logged_model_params (
    model_id character varying(36) NOT NULL,
    experiment_id integer NOT NULL,
    param_key character varying(255) NOT NULL,
    param_value text NOT NULL
);


--
-- Name: logged_model_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.logged_model_tags (
    model_id character varying(36) NOT NULL,
    experiment_id integer NOT NULL,
    tag_key character varying(255) NOT NULL,
    tag_value text NOT NULL
);


--
-- Name: logged_models; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.logged_models (
    model_id character varying(36) NOT NULL,
    experiment_id integer NOT NULL,
    name character varying(500) NOT NULL,
    artifact_location character varying(1000) NOT NULL,
    creation_timestamp_ms bigint NOT NULL,
    last_updated_timestamp_ms bigint NOT NULL,
    status integer NOT NULL,
    lifecycle_stage character varying(32),
    model_type character varying(500),
    source_run_id character varying(32),
    status_message character varying(1000),
    CONSTRAINT logged_models_lifecycle_stage_check CHECK (((lifecycle_stage)::text = ANY ((ARRAY['active'::character varying, 'deleted'::character varying])::text[])))
);


--
-- Name: metrics; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.metrics (
    key character varying(250) NOT NULL,
    value double precision NOT NULL,
    "timestamp" bigint NOT NULL,
    run_uuid character varying(32) NOT NULL,
    step bigint DEFAULT '0'::bigint NOT NULL,
    is_nan boolean DEFAULT false NOT NULL
);


--
-- Name: model_definitions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.model_definitions (
    model_definition_id character varying(36) NOT NULL,
    name character varying(255) NOT NULL,
    secret_id character varying(36),
    provider character varying(64) NOT NULL,
    model_name character varying(256) NOT NULL,
    created_by character varying(255),
    created_at bigint NOT NULL,
    last_updated_by character varying(255),
    last_updated_at bigint NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: model_version_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.model_version_tags (
    key character varying(250) NOT NULL,
    value text,
    name character varying(256) NOT NULL,
    version integer NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: model_versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.model_versions (
    name character varying(256) NOT NULL,
    version integer NOT NULL,
    creation_time bigint,
    last_updated_time bigint,
    description character varying(5000),
    user_id character varying(256),
    current_stage character varying(20),
    source character varying(500),
    run_id character varying(32),
    status character varying(20),
    status_message character varying(500),
    run_link character varying(500),
    storage_location character varying(500),
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: online_scoring_configs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.online_scoring_configs (
    online_scoring_config_id character varying(36) NOT NULL,
    scorer_id character varying(36) NOT NULL,
    sample_rate double precision NOT NULL,
    experiment_id integer NOT NULL,
    filter_string text
);


--
-- Name: params; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.params (
    key character varying(250) NOT NULL,
    value character varying(8000) NOT NULL,
    run_uuid character varying(32) NOT NULL
);


--
-- Name: registered_model_aliases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.registered_model_aliases (
    alias character varying(256) NOT NULL,
    version integer NOT NULL,
    name character varying(256) NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: registered_model_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.registered_model_tags (
    key character varying(250) NOT NULL,
    value character varying(5000),
    name character varying(256) NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: registered_models; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.registered_models (
    name character varying(256) NOT NULL,
    creation_time bigint,
    last_updated_time bigint,
    description character varying(5000),
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: runs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.runs (
    run_uuid character varying(32) NOT NULL,
    name character varying(250),
    source_type character varying(20),
    source_name character varying(500),
    entry_point_name character varying(50),
    user_id character varying(256),
    status character varying(9),
    start_time bigint,
    end_time bigint,
    source_version character varying(50),
    lifecycle_stage character varying(20),
    artifact_uri character varying(200),
    experiment_id integer,
    deleted_time bigint,
    CONSTRAINT runs_lifecycle_stage CHECK (((lifecycle_stage)::text = ANY ((ARRAY['active'::character varying, 'deleted'::character varying])::text[]))),
    CONSTRAINT runs_status_check CHECK (((status)::text = ANY ((ARRAY['SCHEDULED'::character varying, 'FAILED'::character varying, 'FINISHED'::character varying, 'RUNNING'::character varying, 'KILLED'::character varying])::text[]))),
    CONSTRAINT source_type CHECK (((source_type)::text = ANY ((ARRAY['NOTEBOOK'::character varying, 'JOB'::character varying, 'LOCAL'::character varying, 'UNKNOWN'::character varying, 'PROJECT'::character varying])::text[])))
);


--
-- Name: scorer_versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scorer_versions (
    scorer_id character varying(36) NOT NULL,
    scorer_version integer NOT NULL,
    serialized_scorer text NOT NULL,
    creation_time bigint
);


--
-- Name: scorers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scorers (
    experiment_id integer NOT NULL,
    scorer_name character varying(256) NOT NULL,
    scorer_id character varying(36) NOT NULL
);


--
-- Name: secrets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.secrets (
    secret_id character varying(36) NOT NULL,
    secret_name character varying(255) NOT NULL,
    encrypted_value bytea NOT NULL,
    wrapped_dek bytea NOT NULL,
    kek_version integer NOT NULL,
    masked_value character varying(500) NOT NULL,
    provider character varying(64),
    auth_config text,
    description text,
    created_by character varying(255),
    created_at bigint NOT NULL,
    last_updated_by character varying(255),
    last_updated_at bigint NOT NULL,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: span_metrics; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.span_metrics (
    trace_id character varying(50) NOT NULL,
    span_id character varying(50) NOT NULL,
    key character varying(250) NOT NULL,
    value double precision
);


--
-- Name: spans; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.spans (
    trace_id character varying(50) NOT NULL,
    experiment_id integer NOT NULL,
    span_id character varying(50) NOT NULL,
    parent_span_id character varying(50),
    name text,
    type character varying(500),
    status character varying(50) NOT NULL,
    start_time_unix_nano bigint NOT NULL,
    end_time_unix_nano bigint,
    duration_ns bigint GENERATED ALWAYS AS ((end_time_unix_nano - start_time_unix_nano)) STORED,
    content text NOT NULL,
    dimension_attributes json
);


--
-- Name: tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tags (
    key character varying(250) NOT NULL,
    value character varying(8000),
    run_uuid character varying(32) NOT NULL
);


--
-- Name: trace_info; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trace_info (
    request_id character varying(50) NOT NULL,
    experiment_id integer NOT NULL,
    timestamp_ms bigint NOT NULL,
    execution_time_ms bigint,
    status character varying(50) NOT NULL,
    client_request_id character varying(50),
    request_preview character varying(1000),
    response_preview character varying(1000)
);


--
-- Name: trace_metrics; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trace_metrics (
    request_id character varying(50) NOT NULL,
    key character varying(250) NOT NULL,
    value double precision
);


--
-- Name: trace_request_metadata; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trace_request_metadata (
    key character varying(250) NOT NULL,
    value character varying(8000),
    request_id character varying(50) NOT NULL
);


--
-- Name: trace_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trace_tags (
    key character varying(250) NOT NULL,
    value character varying(8000),
    request_id character varying(50) NOT NULL
);


--
-- Name: webhook_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_events (
    webhook_id character varying(256) NOT NULL,
    entity character varying(50) NOT NULL,
    action character varying(50) NOT NULL
);


--
-- Name: webhooks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhooks (
    webhook_id character varying(256) NOT NULL,
    name character varying(256) NOT NULL,
    description character varying(1000),
    url character varying(500) NOT NULL,
    status character varying(20) DEFAULT 'ACTIVE'::character varying NOT NULL,
    secret character varying(1000),
    creation_timestamp bigint,
    last_updated_timestamp bigint,
    deleted_timestamp bigint,
    workspace character varying(63) DEFAULT 'default'::character varying NOT NULL
);


--
-- Name: workspaces; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.workspaces (
    name character varying(63) NOT NULL,
    description text,
    default_artifact_root text
);


--
-- Name: experiments experiment_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiments ALTER COLUMN experiment_id SET DEFAULT nextval('public.experiments_experiment_id_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES
	('7d34483879f0');


--
-- Data for Name: assessments; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: budget_policies; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: datasets; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.datasets VALUES
	('f61103696b324214ba970c265b791147', 1, 'flights 2019', 'abc123', 'local', '{"uri": "/data/f.csv"}', '{"mlflow_colspec": []}', '{"num_rows": 5}');


--
-- Data for Name: endpoint_bindings; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: endpoint_model_mappings; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: endpoint_tags; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: endpoints; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: entity_associations; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: evaluation_dataset_records; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: evaluation_dataset_tags; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: evaluation_datasets; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: experiment_tags; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.experiment_tags VALUES
	('team', 'blå øst ✈', 1);


--
-- Data for Name: experiments; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.experiments VALUES
	(0, 'Default', 'mlflow-artifacts:/0', 'active', 1795906509136, 1795906509136, 'default'),
	(1, 'flights delay', 'mlflow-artifacts:/1', 'active', 1795906509177, 1795906509177, 'default'),
	(2, 'old trials', 'mlflow-artifacts:/2', 'active', 1795906509401, 1795906509401, 'default'),
	(3, 'thrown away', 'mlflow-artifacts:/3', 'deleted', 1795906509434, 1795906511573, 'default');


--
-- Data for Name: guardrail_configs; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: guardrails; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: input_tags; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.input_tags VALUES
	('99b65a00c3ce4669ba8ca26b9b75fcd3', 'mlflow.data.context', 'training');


--
-- Data for Name: inputs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.inputs VALUES
	('99b65a00c3ce4669ba8ca26b9b75fcd3', 'DATASET', 'f61103696b324214ba970c265b791147', 'RUN', '87db68a8bee64d9986cd0a661ee66e71', 0),
	('6cd10a63096e42d1914eda7471cb7fa3', 'DATASET', 'f61103696b324214ba970c265b791147', 'RUN', '310ff89220c24f9881f19509431a917c', 0),
	('307c78e34870459b827cc41d235313cc', 'RUN_OUTPUT', '87db68a8bee64d9986cd0a661ee66e71', 'MODEL_OUTPUT', 'm-ecbd9f78f59242f78cc57ca2ae60c90d', 7),
	('8ff03f0c35684b85855fee2598524866', 'RUN_INPUT', '310ff89220c24f9881f19509431a917c', 'MODEL_INPUT', 'm-ecbd9f78f59242f78cc57ca2ae60c90d', 0);


--
-- Data for Name: issues; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: latest_metrics; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.latest_metrics VALUES
	('loss', 0.004, 1700000002490, 249, false, '87db68a8bee64d9986cd0a661ee66e71'),
	('val/auc', 0.519, 1700000001900, 19, false, '87db68a8bee64d9986cd0a661ee66e71'),
	('strange value', 0, 1700000000007, 2, false, '87db68a8bee64d9986cd0a661ee66e71'),
	('negative step', 3.5, 1700000000008, -4, false, '87db68a8bee64d9986cd0a661ee66e71'),
	('loss', 0.25, 1700000000200, 3, false, '310ff89220c24f9881f19509431a917c'),
	('loss', 9, 1700000000600, 0, false, '92266b085c8e4102ab557d3d6c4d9243'),
	('acc', 0.85, 1700000000901, 8, false, '87db68a8bee64d9986cd0a661ee66e71');


--
-- Data for Name: logged_model_metrics; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.logged_model_metrics VALUES
	('m-ecbd9f78f59242f78cc57ca2ae60c90d', 'acc', 1700000000900, 7, 0.75, 1, '87db68a8bee64d9986cd0a661ee66e71', NULL, 'flights', 'abc123'),
	('m-ecbd9f78f59242f78cc57ca2ae60c90d', 'acc', 1700000000901, 8, 0.85, 1, '87db68a8bee64d9986cd0a661ee66e71', NULL, NULL, NULL);


--
-- Data for Name: logged_model_params; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.logged_model_params VALUES
	('m-ecbd9f78f59242f78cc57ca2ae60c90d', 1, 'C', '1.0');


--
-- Data for Name: logged_model_tags; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.logged_model_tags VALUES
	('m-ecbd9f78f59242f78cc57ca2ae60c90d', 1, 'k', 'v/w');


--
-- Data for Name: logged_models; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.logged_models VALUES
	('m-ecbd9f78f59242f78cc57ca2ae60c90d', 1, 'delay-model', 'mlflow-artifacts:/1/models/m-ecbd9f78f59242f78cc57ca2ae60c90d/artifacts', 1795906511757, 1795906512430, 2, 'active', 'agent', '87db68a8bee64d9986cd0a661ee66e71', NULL),
	('m-84ba7370788f482b8168ba1f88d5f0c5', 1, 'gone-model', 'mlflow-artifacts:/1/models/m-84ba7370788f482b8168ba1f88d5f0c5/artifacts', 1795906512595, 1795906512745, 3, 'deleted', NULL, NULL, NULL);


--
-- Data for Name: metrics; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.metrics VALUES
	('loss', 1, 1700000000000, '87db68a8bee64d9986cd0a661ee66e71', 0, false),
	('loss', 0.5, 1700000000010, '87db68a8bee64d9986cd0a661ee66e71', 1, false),
	('loss', 0.3333333333333333, 1700000000020, '87db68a8bee64d9986cd0a661ee66e71', 2, false),
	('loss', 0.25, 1700000000030, '87db68a8bee64d9986cd0a661ee66e71', 3, false),
	('loss', 0.2, 1700000000040, '87db68a8bee64d9986cd0a661ee66e71', 4, false),
	('loss', 0.16666666666666666, 1700000000050, '87db68a8bee64d9986cd0a661ee66e71', 5, false),
	('loss', 0.14285714285714285, 1700000000060, '87db68a8bee64d9986cd0a661ee66e71', 6, false),
	('loss', 0.125, 1700000000070, '87db68a8bee64d9986cd0a661ee66e71', 7, false),
	('loss', 0.1111111111111111, 1700000000080, '87db68a8bee64d9986cd0a661ee66e71', 8, false),
	('loss', 0.1, 1700000000090, '87db68a8bee64d9986cd0a661ee66e71', 9, false),
	('loss', 0.09090909090909091, 1700000000100, '87db68a8bee64d9986cd0a661ee66e71', 10, false),
	('loss', 0.08333333333333333, 1700000000110, '87db68a8bee64d9986cd0a661ee66e71', 11, false),
	('loss', 0.07692307692307693, 1700000000120, '87db68a8bee64d9986cd0a661ee66e71', 12, false),
	('loss', 0.07142857142857142, 1700000000130, '87db68a8bee64d9986cd0a661ee66e71', 13, false),
	('loss', 0.06666666666666667, 1700000000140, '87db68a8bee64d9986cd0a661ee66e71', 14, false),
	('loss', 0.0625, 1700000000150, '87db68a8bee64d9986cd0a661ee66e71', 15, false),
	('loss', 0.058823529411764705, 1700000000160, '87db68a8bee64d9986cd0a661ee66e71', 16, false),
	('loss', 0.05555555555555555, 1700000000170, '87db68a8bee64d9986cd0a661ee66e71', 17, false),
	('loss', 0.05263157894736842, 1700000000180, '87db68a8bee64d9986cd0a661ee66e71', 18, false),
	('loss', 0.05, 1700000000190, '87db68a8bee64d9986cd0a661ee66e71', 19, false),
	('loss', 0.047619047619047616, 1700000000200, '87db68a8bee64d9986cd0a661ee66e71', 20, false),
	('loss', 0.045454545454545456, 1700000000210, '87db68a8bee64d9986cd0a661ee66e71', 21, false),
	('loss', 0.043478260869565216, 1700000000220, '87db68a8bee64d9986cd0a661ee66e71', 22, false),
	('loss', 0.041666666666666664, 1700000000230, '87db68a8bee64d9986cd0a661ee66e71', 23, false),
	('loss', 0.04, 1700000000240, '87db68a8bee64d9986cd0a661ee66e71', 24, false),
	('loss', 0.038461538461538464, 1700000000250, '87db68a8bee64d9986cd0a661ee66e71', 25, false),
	('loss', 0.037037037037037035, 1700000000260, '87db68a8bee64d9986cd0a661ee66e71', 26, false),
	('loss', 0.03571428571428571, 1700000000270, '87db68a8bee64d9986cd0a661ee66e71', 27, false),
	('loss', 0.034482758620689655, 1700000000280, '87db68a8bee64d9986cd0a661ee66e71', 28, false),
	('loss', 0.03333333333333333, 1700000000290, '87db68a8bee64d9986cd0a661ee66e71', 29, false),
	('loss', 0.03225806451612903, 1700000000300, '87db68a8bee64d9986cd0a661ee66e71', 30, false),
	('loss', 0.03125, 1700000000310, '87db68a8bee64d9986cd0a661ee66e71', 31, false),
	('loss', 0.030303030303030304, 1700000000320, '87db68a8bee64d9986cd0a661ee66e71', 32, false),
	('loss', 0.029411764705882353, 1700000000330, '87db68a8bee64d9986cd0a661ee66e71', 33, false),
	('loss', 0.02857142857142857, 1700000000340, '87db68a8bee64d9986cd0a661ee66e71', 34, false),
	('loss', 0.027777777777777776, 1700000000350, '87db68a8bee64d9986cd0a661ee66e71', 35, false),
	('loss', 0.02702702702702703, 1700000000360, '87db68a8bee64d9986cd0a661ee66e71', 36, false),
	('loss', 0.02631578947368421, 1700000000370, '87db68a8bee64d9986cd0a661ee66e71', 37, false),
	('loss', 0.02564102564102564, 1700000000380, '87db68a8bee64d9986cd0a661ee66e71', 38, false),
	('loss', 0.025, 1700000000390, '87db68a8bee64d9986cd0a661ee66e71', 39, false),
	('loss', 0.024390243902439025, 1700000000400, '87db68a8bee64d9986cd0a661ee66e71', 40, false),
	('loss', 0.023809523809523808, 1700000000410, '87db68a8bee64d9986cd0a661ee66e71', 41, false),
	('loss', 0.023255813953488372, 1700000000420, '87db68a8bee64d9986cd0a661ee66e71', 42, false),
	('loss', 0.022727272727272728, 1700000000430, '87db68a8bee64d9986cd0a661ee66e71', 43, false),
	('loss', 0.022222222222222223, 1700000000440, '87db68a8bee64d9986cd0a661ee66e71', 44, false),
	('loss', 0.021739130434782608, 1700000000450, '87db68a8bee64d9986cd0a661ee66e71', 45, false),
	('loss', 0.02127659574468085, 1700000000460, '87db68a8bee64d9986cd0a661ee66e71', 46, false),
	('loss', 0.020833333333333332, 1700000000470, '87db68a8bee64d9986cd0a661ee66e71', 47, false),
	('loss', 0.02040816326530612, 1700000000480, '87db68a8bee64d9986cd0a661ee66e71', 48, false),
	('loss', 0.02, 1700000000490, '87db68a8bee64d9986cd0a661ee66e71', 49, false),
	('loss', 0.0196078431372549, 1700000000500, '87db68a8bee64d9986cd0a661ee66e71', 50, false),
	('loss', 0.019230769230769232, 1700000000510, '87db68a8bee64d9986cd0a661ee66e71', 51, false),
	('loss', 0.018867924528301886, 1700000000520, '87db68a8bee64d9986cd0a661ee66e71', 52, false),
	('loss', 0.018518518518518517, 1700000000530, '87db68a8bee64d9986cd0a661ee66e71', 53, false),
	('loss', 0.01818181818181818, 1700000000540, '87db68a8bee64d9986cd0a661ee66e71', 54, false),
	('loss', 0.017857142857142856, 1700000000550, '87db68a8bee64d9986cd0a661ee66e71', 55, false),
	('loss', 0.017543859649122806, 1700000000560, '87db68a8bee64d9986cd0a661ee66e71', 56, false),
	('loss', 0.017241379310344827, 1700000000570, '87db68a8bee64d9986cd0a661ee66e71', 57, false),
	('loss', 0.01694915254237288, 1700000000580, '87db68a8bee64d9986cd0a661ee66e71', 58, false),
	('loss', 0.016666666666666666, 1700000000590, '87db68a8bee64d9986cd0a661ee66e71', 59, false),
	('loss', 0.01639344262295082, 1700000000600, '87db68a8bee64d9986cd0a661ee66e71', 60, false),
	('loss', 0.016129032258064516, 1700000000610, '87db68a8bee64d9986cd0a661ee66e71', 61, false),
	('loss', 0.015873015873015872, 1700000000620, '87db68a8bee64d9986cd0a661ee66e71', 62, false),
	('loss', 0.015625, 1700000000630, '87db68a8bee64d9986cd0a661ee66e71', 63, false),
	('loss', 0.015384615384615385, 1700000000640, '87db68a8bee64d9986cd0a661ee66e71', 64, false),
	('loss', 0.015151515151515152, 1700000000650, '87db68a8bee64d9986cd0a661ee66e71', 65, false),
	('loss', 0.014925373134328358, 1700000000660, '87db68a8bee64d9986cd0a661ee66e71', 66, false),
	('loss', 0.014705882352941176, 1700000000670, '87db68a8bee64d9986cd0a661ee66e71', 67, false),
	('loss', 0.014492753623188406, 1700000000680, '87db68a8bee64d9986cd0a661ee66e71', 68, false),
	('loss', 0.014285714285714285, 1700000000690, '87db68a8bee64d9986cd0a661ee66e71', 69, false),
	('loss', 0.014084507042253521, 1700000000700, '87db68a8bee64d9986cd0a661ee66e71', 70, false),
	('loss', 0.013888888888888888, 1700000000710, '87db68a8bee64d9986cd0a661ee66e71', 71, false),
	('loss', 0.0136986301369863, 1700000000720, '87db68a8bee64d9986cd0a661ee66e71', 72, false),
	('loss', 0.013513513513513514, 1700000000730, '87db68a8bee64d9986cd0a661ee66e71', 73, false),
	('loss', 0.013333333333333334, 1700000000740, '87db68a8bee64d9986cd0a661ee66e71', 74, false),
	('loss', 0.013157894736842105, 1700000000750, '87db68a8bee64d9986cd0a661ee66e71', 75, false),
	('loss', 0.012987012987012988, 1700000000760, '87db68a8bee64d9986cd0a661ee66e71', 76, false),
	('loss', 0.01282051282051282, 1700000000770, '87db68a8bee64d9986cd0a661ee66e71', 77, false),
	('loss', 0.012658227848101266, 1700000000780, '87db68a8bee64d9986cd0a661ee66e71', 78, false),
	('loss', 0.0125, 1700000000790, '87db68a8bee64d9986cd0a661ee66e71', 79, false),
	('loss', 0.012345679012345678, 1700000000800, '87db68a8bee64d9986cd0a661ee66e71', 80, false),
	('loss', 0.012195121951219513, 1700000000810, '87db68a8bee64d9986cd0a661ee66e71', 81, false),
	('loss', 0.012048192771084338, 1700000000820, '87db68a8bee64d9986cd0a661ee66e71', 82, false),
	('loss', 0.011904761904761904, 1700000000830, '87db68a8bee64d9986cd0a661ee66e71', 83, false),
	('loss', 0.011764705882352941, 1700000000840, '87db68a8bee64d9986cd0a661ee66e71', 84, false),
	('loss', 0.011627906976744186, 1700000000850, '87db68a8bee64d9986cd0a661ee66e71', 85, false),
	('loss', 0.011494252873563218, 1700000000860, '87db68a8bee64d9986cd0a661ee66e71', 86, false),
	('loss', 0.011363636363636364, 1700000000870, '87db68a8bee64d9986cd0a661ee66e71', 87, false),
	('loss', 0.011235955056179775, 1700000000880, '87db68a8bee64d9986cd0a661ee66e71', 88, false),
	('loss', 0.011111111111111112, 1700000000890, '87db68a8bee64d9986cd0a661ee66e71', 89, false),
	('loss', 0.01098901098901099, 1700000000900, '87db68a8bee64d9986cd0a661ee66e71', 90, false),
	('loss', 0.010869565217391304, 1700000000910, '87db68a8bee64d9986cd0a661ee66e71', 91, false),
	('loss', 0.010752688172043012, 1700000000920, '87db68a8bee64d9986cd0a661ee66e71', 92, false),
	('loss', 0.010638297872340425, 1700000000930, '87db68a8bee64d9986cd0a661ee66e71', 93, false),
	('loss', 0.010526315789473684, 1700000000940, '87db68a8bee64d9986cd0a661ee66e71', 94, false),
	('loss', 0.010416666666666666, 1700000000950, '87db68a8bee64d9986cd0a661ee66e71', 95, false),
	('loss', 0.010309278350515464, 1700000000960, '87db68a8bee64d9986cd0a661ee66e71', 96, false),
	('loss', 0.01020408163265306, 1700000000970, '87db68a8bee64d9986cd0a661ee66e71', 97, false),
	('loss', 0.010101010101010102, 1700000000980, '87db68a8bee64d9986cd0a661ee66e71', 98, false),
	('loss', 0.01, 1700000000990, '87db68a8bee64d9986cd0a661ee66e71', 99, false);
INSERT INTO public.metrics VALUES
	('loss', 0.009900990099009901, 1700000001000, '87db68a8bee64d9986cd0a661ee66e71', 100, false),
	('loss', 0.00980392156862745, 1700000001010, '87db68a8bee64d9986cd0a661ee66e71', 101, false),
	('loss', 0.009708737864077669, 1700000001020, '87db68a8bee64d9986cd0a661ee66e71', 102, false),
	('loss', 0.009615384615384616, 1700000001030, '87db68a8bee64d9986cd0a661ee66e71', 103, false),
	('loss', 0.009523809523809525, 1700000001040, '87db68a8bee64d9986cd0a661ee66e71', 104, false),
	('loss', 0.009433962264150943, 1700000001050, '87db68a8bee64d9986cd0a661ee66e71', 105, false),
	('loss', 0.009345794392523364, 1700000001060, '87db68a8bee64d9986cd0a661ee66e71', 106, false),
	('loss', 0.009259259259259259, 1700000001070, '87db68a8bee64d9986cd0a661ee66e71', 107, false),
	('loss', 0.009174311926605505, 1700000001080, '87db68a8bee64d9986cd0a661ee66e71', 108, false),
	('loss', 0.00909090909090909, 1700000001090, '87db68a8bee64d9986cd0a661ee66e71', 109, false),
	('loss', 0.009009009009009009, 1700000001100, '87db68a8bee64d9986cd0a661ee66e71', 110, false),
	('loss', 0.008928571428571428, 1700000001110, '87db68a8bee64d9986cd0a661ee66e71', 111, false),
	('loss', 0.008849557522123894, 1700000001120, '87db68a8bee64d9986cd0a661ee66e71', 112, false),
	('loss', 0.008771929824561403, 1700000001130, '87db68a8bee64d9986cd0a661ee66e71', 113, false),
	('loss', 0.008695652173913044, 1700000001140, '87db68a8bee64d9986cd0a661ee66e71', 114, false),
	('loss', 0.008620689655172414, 1700000001150, '87db68a8bee64d9986cd0a661ee66e71', 115, false),
	('loss', 0.008547008547008548, 1700000001160, '87db68a8bee64d9986cd0a661ee66e71', 116, false),
	('loss', 0.00847457627118644, 1700000001170, '87db68a8bee64d9986cd0a661ee66e71', 117, false),
	('loss', 0.008403361344537815, 1700000001180, '87db68a8bee64d9986cd0a661ee66e71', 118, false),
	('loss', 0.008333333333333333, 1700000001190, '87db68a8bee64d9986cd0a661ee66e71', 119, false),
	('loss', 0.008264462809917356, 1700000001200, '87db68a8bee64d9986cd0a661ee66e71', 120, false),
	('loss', 0.00819672131147541, 1700000001210, '87db68a8bee64d9986cd0a661ee66e71', 121, false),
	('loss', 0.008130081300813009, 1700000001220, '87db68a8bee64d9986cd0a661ee66e71', 122, false),
	('loss', 0.008064516129032258, 1700000001230, '87db68a8bee64d9986cd0a661ee66e71', 123, false),
	('loss', 0.008, 1700000001240, '87db68a8bee64d9986cd0a661ee66e71', 124, false),
	('loss', 0.007936507936507936, 1700000001250, '87db68a8bee64d9986cd0a661ee66e71', 125, false),
	('loss', 0.007874015748031496, 1700000001260, '87db68a8bee64d9986cd0a661ee66e71', 126, false),
	('loss', 0.0078125, 1700000001270, '87db68a8bee64d9986cd0a661ee66e71', 127, false),
	('loss', 0.007751937984496124, 1700000001280, '87db68a8bee64d9986cd0a661ee66e71', 128, false),
	('loss', 0.007692307692307693, 1700000001290, '87db68a8bee64d9986cd0a661ee66e71', 129, false),
	('loss', 0.007633587786259542, 1700000001300, '87db68a8bee64d9986cd0a661ee66e71', 130, false),
	('loss', 0.007575757575757576, 1700000001310, '87db68a8bee64d9986cd0a661ee66e71', 131, false),
	('loss', 0.007518796992481203, 1700000001320, '87db68a8bee64d9986cd0a661ee66e71', 132, false),
	('loss', 0.007462686567164179, 1700000001330, '87db68a8bee64d9986cd0a661ee66e71', 133, false),
	('loss', 0.007407407407407408, 1700000001340, '87db68a8bee64d9986cd0a661ee66e71', 134, false),
	('loss', 0.007352941176470588, 1700000001350, '87db68a8bee64d9986cd0a661ee66e71', 135, false),
	('loss', 0.0072992700729927005, 1700000001360, '87db68a8bee64d9986cd0a661ee66e71', 136, false),
	('loss', 0.007246376811594203, 1700000001370, '87db68a8bee64d9986cd0a661ee66e71', 137, false),
	('loss', 0.007194244604316547, 1700000001380, '87db68a8bee64d9986cd0a661ee66e71', 138, false),
	('loss', 0.007142857142857143, 1700000001390, '87db68a8bee64d9986cd0a661ee66e71', 139, false),
	('loss', 0.0070921985815602835, 1700000001400, '87db68a8bee64d9986cd0a661ee66e71', 140, false),
	('loss', 0.007042253521126761, 1700000001410, '87db68a8bee64d9986cd0a661ee66e71', 141, false),
	('loss', 0.006993006993006993, 1700000001420, '87db68a8bee64d9986cd0a661ee66e71', 142, false),
	('loss', 0.006944444444444444, 1700000001430, '87db68a8bee64d9986cd0a661ee66e71', 143, false),
	('loss', 0.006896551724137931, 1700000001440, '87db68a8bee64d9986cd0a661ee66e71', 144, false),
	('loss', 0.00684931506849315, 1700000001450, '87db68a8bee64d9986cd0a661ee66e71', 145, false),
	('loss', 0.006802721088435374, 1700000001460, '87db68a8bee64d9986cd0a661ee66e71', 146, false),
	('loss', 0.006756756756756757, 1700000001470, '87db68a8bee64d9986cd0a661ee66e71', 147, false),
	('loss', 0.006711409395973154, 1700000001480, '87db68a8bee64d9986cd0a661ee66e71', 148, false),
	('loss', 0.006666666666666667, 1700000001490, '87db68a8bee64d9986cd0a661ee66e71', 149, false),
	('loss', 0.006622516556291391, 1700000001500, '87db68a8bee64d9986cd0a661ee66e71', 150, false),
	('loss', 0.006578947368421052, 1700000001510, '87db68a8bee64d9986cd0a661ee66e71', 151, false),
	('loss', 0.006535947712418301, 1700000001520, '87db68a8bee64d9986cd0a661ee66e71', 152, false),
	('loss', 0.006493506493506494, 1700000001530, '87db68a8bee64d9986cd0a661ee66e71', 153, false),
	('loss', 0.0064516129032258064, 1700000001540, '87db68a8bee64d9986cd0a661ee66e71', 154, false),
	('loss', 0.00641025641025641, 1700000001550, '87db68a8bee64d9986cd0a661ee66e71', 155, false),
	('loss', 0.006369426751592357, 1700000001560, '87db68a8bee64d9986cd0a661ee66e71', 156, false),
	('loss', 0.006329113924050633, 1700000001570, '87db68a8bee64d9986cd0a661ee66e71', 157, false),
	('loss', 0.006289308176100629, 1700000001580, '87db68a8bee64d9986cd0a661ee66e71', 158, false),
	('loss', 0.00625, 1700000001590, '87db68a8bee64d9986cd0a661ee66e71', 159, false),
	('loss', 0.006211180124223602, 1700000001600, '87db68a8bee64d9986cd0a661ee66e71', 160, false),
	('loss', 0.006172839506172839, 1700000001610, '87db68a8bee64d9986cd0a661ee66e71', 161, false),
	('loss', 0.006134969325153374, 1700000001620, '87db68a8bee64d9986cd0a661ee66e71', 162, false),
	('loss', 0.006097560975609756, 1700000001630, '87db68a8bee64d9986cd0a661ee66e71', 163, false),
	('loss', 0.006060606060606061, 1700000001640, '87db68a8bee64d9986cd0a661ee66e71', 164, false),
	('loss', 0.006024096385542169, 1700000001650, '87db68a8bee64d9986cd0a661ee66e71', 165, false),
	('loss', 0.005988023952095809, 1700000001660, '87db68a8bee64d9986cd0a661ee66e71', 166, false),
	('loss', 0.005952380952380952, 1700000001670, '87db68a8bee64d9986cd0a661ee66e71', 167, false),
	('loss', 0.005917159763313609, 1700000001680, '87db68a8bee64d9986cd0a661ee66e71', 168, false),
	('loss', 0.0058823529411764705, 1700000001690, '87db68a8bee64d9986cd0a661ee66e71', 169, false),
	('loss', 0.005847953216374269, 1700000001700, '87db68a8bee64d9986cd0a661ee66e71', 170, false),
	('loss', 0.005813953488372093, 1700000001710, '87db68a8bee64d9986cd0a661ee66e71', 171, false),
	('loss', 0.005780346820809248, 1700000001720, '87db68a8bee64d9986cd0a661ee66e71', 172, false),
	('loss', 0.005747126436781609, 1700000001730, '87db68a8bee64d9986cd0a661ee66e71', 173, false),
	('loss', 0.005714285714285714, 1700000001740, '87db68a8bee64d9986cd0a661ee66e71', 174, false),
	('loss', 0.005681818181818182, 1700000001750, '87db68a8bee64d9986cd0a661ee66e71', 175, false),
	('loss', 0.005649717514124294, 1700000001760, '87db68a8bee64d9986cd0a661ee66e71', 176, false),
	('loss', 0.0056179775280898875, 1700000001770, '87db68a8bee64d9986cd0a661ee66e71', 177, false),
	('loss', 0.00558659217877095, 1700000001780, '87db68a8bee64d9986cd0a661ee66e71', 178, false),
	('loss', 0.005555555555555556, 1700000001790, '87db68a8bee64d9986cd0a661ee66e71', 179, false),
	('loss', 0.0055248618784530384, 1700000001800, '87db68a8bee64d9986cd0a661ee66e71', 180, false),
	('loss', 0.005494505494505495, 1700000001810, '87db68a8bee64d9986cd0a661ee66e71', 181, false),
	('loss', 0.00546448087431694, 1700000001820, '87db68a8bee64d9986cd0a661ee66e71', 182, false),
	('loss', 0.005434782608695652, 1700000001830, '87db68a8bee64d9986cd0a661ee66e71', 183, false),
	('loss', 0.005405405405405406, 1700000001840, '87db68a8bee64d9986cd0a661ee66e71', 184, false),
	('loss', 0.005376344086021506, 1700000001850, '87db68a8bee64d9986cd0a661ee66e71', 185, false),
	('loss', 0.0053475935828877, 1700000001860, '87db68a8bee64d9986cd0a661ee66e71', 186, false),
	('loss', 0.005319148936170213, 1700000001870, '87db68a8bee64d9986cd0a661ee66e71', 187, false),
	('loss', 0.005291005291005291, 1700000001880, '87db68a8bee64d9986cd0a661ee66e71', 188, false),
	('loss', 0.005263157894736842, 1700000001890, '87db68a8bee64d9986cd0a661ee66e71', 189, false),
	('loss', 0.005235602094240838, 1700000001900, '87db68a8bee64d9986cd0a661ee66e71', 190, false),
	('loss', 0.005208333333333333, 1700000001910, '87db68a8bee64d9986cd0a661ee66e71', 191, false),
	('loss', 0.0051813471502590676, 1700000001920, '87db68a8bee64d9986cd0a661ee66e71', 192, false),
	('loss', 0.005154639175257732, 1700000001930, '87db68a8bee64d9986cd0a661ee66e71', 193, false),
	('loss', 0.005128205128205128, 1700000001940, '87db68a8bee64d9986cd0a661ee66e71', 194, false),
	('loss', 0.00510204081632653, 1700000001950, '87db68a8bee64d9986cd0a661ee66e71', 195, false),
	('loss', 0.005076142131979695, 1700000001960, '87db68a8bee64d9986cd0a661ee66e71', 196, false),
	('loss', 0.005050505050505051, 1700000001970, '87db68a8bee64d9986cd0a661ee66e71', 197, false),
	('loss', 0.005025125628140704, 1700000001980, '87db68a8bee64d9986cd0a661ee66e71', 198, false),
	('loss', 0.005, 1700000001990, '87db68a8bee64d9986cd0a661ee66e71', 199, false);
INSERT INTO public.metrics VALUES
	('loss', 0.004975124378109453, 1700000002000, '87db68a8bee64d9986cd0a661ee66e71', 200, false),
	('loss', 0.0049504950495049506, 1700000002010, '87db68a8bee64d9986cd0a661ee66e71', 201, false),
	('loss', 0.0049261083743842365, 1700000002020, '87db68a8bee64d9986cd0a661ee66e71', 202, false),
	('loss', 0.004901960784313725, 1700000002030, '87db68a8bee64d9986cd0a661ee66e71', 203, false),
	('loss', 0.004878048780487805, 1700000002040, '87db68a8bee64d9986cd0a661ee66e71', 204, false),
	('loss', 0.0048543689320388345, 1700000002050, '87db68a8bee64d9986cd0a661ee66e71', 205, false),
	('loss', 0.004830917874396135, 1700000002060, '87db68a8bee64d9986cd0a661ee66e71', 206, false),
	('loss', 0.004807692307692308, 1700000002070, '87db68a8bee64d9986cd0a661ee66e71', 207, false),
	('loss', 0.004784688995215311, 1700000002080, '87db68a8bee64d9986cd0a661ee66e71', 208, false),
	('loss', 0.004761904761904762, 1700000002090, '87db68a8bee64d9986cd0a661ee66e71', 209, false),
	('loss', 0.004739336492890996, 1700000002100, '87db68a8bee64d9986cd0a661ee66e71', 210, false),
	('loss', 0.0047169811320754715, 1700000002110, '87db68a8bee64d9986cd0a661ee66e71', 211, false),
	('loss', 0.004694835680751174, 1700000002120, '87db68a8bee64d9986cd0a661ee66e71', 212, false),
	('loss', 0.004672897196261682, 1700000002130, '87db68a8bee64d9986cd0a661ee66e71', 213, false),
	('loss', 0.004651162790697674, 1700000002140, '87db68a8bee64d9986cd0a661ee66e71', 214, false),
	('loss', 0.004629629629629629, 1700000002150, '87db68a8bee64d9986cd0a661ee66e71', 215, false),
	('loss', 0.004608294930875576, 1700000002160, '87db68a8bee64d9986cd0a661ee66e71', 216, false),
	('loss', 0.0045871559633027525, 1700000002170, '87db68a8bee64d9986cd0a661ee66e71', 217, false),
	('loss', 0.0045662100456621, 1700000002180, '87db68a8bee64d9986cd0a661ee66e71', 218, false),
	('loss', 0.004545454545454545, 1700000002190, '87db68a8bee64d9986cd0a661ee66e71', 219, false),
	('loss', 0.004524886877828055, 1700000002200, '87db68a8bee64d9986cd0a661ee66e71', 220, false),
	('loss', 0.0045045045045045045, 1700000002210, '87db68a8bee64d9986cd0a661ee66e71', 221, false),
	('loss', 0.004484304932735426, 1700000002220, '87db68a8bee64d9986cd0a661ee66e71', 222, false),
	('loss', 0.004464285714285714, 1700000002230, '87db68a8bee64d9986cd0a661ee66e71', 223, false),
	('loss', 0.0044444444444444444, 1700000002240, '87db68a8bee64d9986cd0a661ee66e71', 224, false),
	('loss', 0.004424778761061947, 1700000002250, '87db68a8bee64d9986cd0a661ee66e71', 225, false),
	('loss', 0.004405286343612335, 1700000002260, '87db68a8bee64d9986cd0a661ee66e71', 226, false),
	('loss', 0.0043859649122807015, 1700000002270, '87db68a8bee64d9986cd0a661ee66e71', 227, false),
	('loss', 0.004366812227074236, 1700000002280, '87db68a8bee64d9986cd0a661ee66e71', 228, false),
	('loss', 0.004347826086956522, 1700000002290, '87db68a8bee64d9986cd0a661ee66e71', 229, false),
	('loss', 0.004329004329004329, 1700000002300, '87db68a8bee64d9986cd0a661ee66e71', 230, false),
	('loss', 0.004310344827586207, 1700000002310, '87db68a8bee64d9986cd0a661ee66e71', 231, false),
	('loss', 0.004291845493562232, 1700000002320, '87db68a8bee64d9986cd0a661ee66e71', 232, false),
	('loss', 0.004273504273504274, 1700000002330, '87db68a8bee64d9986cd0a661ee66e71', 233, false),
	('loss', 0.00425531914893617, 1700000002340, '87db68a8bee64d9986cd0a661ee66e71', 234, false),
	('loss', 0.00423728813559322, 1700000002350, '87db68a8bee64d9986cd0a661ee66e71', 235, false),
	('loss', 0.004219409282700422, 1700000002360, '87db68a8bee64d9986cd0a661ee66e71', 236, false),
	('loss', 0.004201680672268907, 1700000002370, '87db68a8bee64d9986cd0a661ee66e71', 237, false),
	('loss', 0.0041841004184100415, 1700000002380, '87db68a8bee64d9986cd0a661ee66e71', 238, false),
	('loss', 0.004166666666666667, 1700000002390, '87db68a8bee64d9986cd0a661ee66e71', 239, false),
	('loss', 0.004149377593360996, 1700000002400, '87db68a8bee64d9986cd0a661ee66e71', 240, false),
	('loss', 0.004132231404958678, 1700000002410, '87db68a8bee64d9986cd0a661ee66e71', 241, false),
	('loss', 0.00411522633744856, 1700000002420, '87db68a8bee64d9986cd0a661ee66e71', 242, false),
	('loss', 0.004098360655737705, 1700000002430, '87db68a8bee64d9986cd0a661ee66e71', 243, false),
	('loss', 0.004081632653061225, 1700000002440, '87db68a8bee64d9986cd0a661ee66e71', 244, false),
	('loss', 0.0040650406504065045, 1700000002450, '87db68a8bee64d9986cd0a661ee66e71', 245, false),
	('loss', 0.004048582995951417, 1700000002460, '87db68a8bee64d9986cd0a661ee66e71', 246, false),
	('loss', 0.004032258064516129, 1700000002470, '87db68a8bee64d9986cd0a661ee66e71', 247, false),
	('loss', 0.004016064257028112, 1700000002480, '87db68a8bee64d9986cd0a661ee66e71', 248, false),
	('loss', 0.004, 1700000002490, '87db68a8bee64d9986cd0a661ee66e71', 249, false),
	('val/auc', 0.5, 1700000000000, '87db68a8bee64d9986cd0a661ee66e71', 0, false),
	('val/auc', 0.501, 1700000000100, '87db68a8bee64d9986cd0a661ee66e71', 1, false),
	('val/auc', 0.502, 1700000000200, '87db68a8bee64d9986cd0a661ee66e71', 2, false),
	('val/auc', 0.503, 1700000000300, '87db68a8bee64d9986cd0a661ee66e71', 3, false),
	('val/auc', 0.504, 1700000000400, '87db68a8bee64d9986cd0a661ee66e71', 4, false),
	('val/auc', 0.505, 1700000000500, '87db68a8bee64d9986cd0a661ee66e71', 5, false),
	('val/auc', 0.506, 1700000000600, '87db68a8bee64d9986cd0a661ee66e71', 6, false),
	('val/auc', 0.507, 1700000000700, '87db68a8bee64d9986cd0a661ee66e71', 7, false),
	('val/auc', 0.508, 1700000000800, '87db68a8bee64d9986cd0a661ee66e71', 8, false),
	('val/auc', 0.509, 1700000000900, '87db68a8bee64d9986cd0a661ee66e71', 9, false),
	('val/auc', 0.51, 1700000001000, '87db68a8bee64d9986cd0a661ee66e71', 10, false),
	('val/auc', 0.511, 1700000001100, '87db68a8bee64d9986cd0a661ee66e71', 11, false),
	('val/auc', 0.512, 1700000001200, '87db68a8bee64d9986cd0a661ee66e71', 12, false),
	('val/auc', 0.513, 1700000001300, '87db68a8bee64d9986cd0a661ee66e71', 13, false),
	('val/auc', 0.514, 1700000001400, '87db68a8bee64d9986cd0a661ee66e71', 14, false),
	('val/auc', 0.515, 1700000001500, '87db68a8bee64d9986cd0a661ee66e71', 15, false),
	('val/auc', 0.516, 1700000001600, '87db68a8bee64d9986cd0a661ee66e71', 16, false),
	('val/auc', 0.517, 1700000001700, '87db68a8bee64d9986cd0a661ee66e71', 17, false),
	('val/auc', 0.518, 1700000001800, '87db68a8bee64d9986cd0a661ee66e71', 18, false),
	('val/auc', 0.519, 1700000001900, '87db68a8bee64d9986cd0a661ee66e71', 19, false),
	('strange value', 0, 1700000000005, '87db68a8bee64d9986cd0a661ee66e71', 0, true),
	('strange value', 1.7976931348623157e+308, 1700000000006, '87db68a8bee64d9986cd0a661ee66e71', 1, false),
	('strange value', 0, 1700000000007, '87db68a8bee64d9986cd0a661ee66e71', 2, false),
	('negative step', 3.5, 1700000000008, '87db68a8bee64d9986cd0a661ee66e71', -4, false),
	('loss', 0.25, 1700000000200, '310ff89220c24f9881f19509431a917c', 3, false),
	('loss', 9, 1700000000600, '92266b085c8e4102ab557d3d6c4d9243', 0, false),
	('acc', 0.75, 1700000000900, '87db68a8bee64d9986cd0a661ee66e71', 7, false),
	('acc', 0.85, 1700000000901, '87db68a8bee64d9986cd0a661ee66e71', 8, false);


--
-- Data for Name: model_definitions; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: model_version_tags; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.model_version_tags VALUES
	('checked', 'yes
indeed', 'delays', 1, 'default');


--
-- Data for Name: model_versions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.model_versions VALUES
	('delays', 2, 1795906513956, 1795906513956, NULL, NULL, 'None', 'models:/m-ecbd9f78f59242f78cc57ca2ae60c90d', '87db68a8bee64d9986cd0a661ee66e71', 'READY', NULL, NULL, 'mlflow-artifacts:/1/models/m-ecbd9f78f59242f78cc57ca2ae60c90d/artifacts', 'default'),
	('delays', 3, 1795906514138, 1795906514467, NULL, NULL, 'Deleted_Internal', 'REDACTED-SOURCE-PATH', 'REDACTED-RUN-ID', 'READY', NULL, 'REDACTED-RUN-LINK', 'mlflow-artifacts:/1/87db68a8bee64d9986cd0a661ee66e71/artifacts/model', 'default'),
	('delays', 1, 1795906513776, 1795906517253, 'the first', NULL, 'Production', 'mlflow-artifacts:/1/87db68a8bee64d9986cd0a661ee66e71/artifacts/model', '87db68a8bee64d9986cd0a661ee66e71', 'READY', NULL, NULL, 'mlflow-artifacts:/1/87db68a8bee64d9986cd0a661ee66e71/artifacts/model', 'default');


--
-- Data for Name: online_scoring_configs; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: params; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.params VALUES
	('eta', '0.1', '87db68a8bee64d9986cd0a661ee66e71'),
	('model/depth', '6', '87db68a8bee64d9986cd0a661ee66e71'),
	('text', 'ünï %41 cøde, a=b', '87db68a8bee64d9986cd0a661ee66e71'),
	('eta', '0.2', '9c9abcfa6b05441d914ce591b4b79ed1'),
	('a', 'b', 'cfd260141ad64a8b8aaa6c08face17d0');


--
-- Data for Name: registered_model_aliases; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.registered_model_aliases VALUES
	('champion', 2, 'delays', 'default'),
	('old', 1, 'delays', 'default');


--
-- Data for Name: registered_model_tags; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.registered_model_tags VALUES
	('owner', 'the team', 'delays', 'default');


--
-- Data for Name: registered_models; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.registered_models VALUES
	('delays', 1795906513641, 1795906517253, 'Predicts *delays*', 'default'),
	('empty model', 1795906518823, 1795906518823, NULL, 'default');


--
-- Data for Name: runs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.runs VALUES
	('87db68a8bee64d9986cd0a661ee66e71', 'first model', 'UNKNOWN', '', '', 'ada', 'FINISHED', 1700000000000, 1700000060000, '', 'active', 'mlflow-artifacts:/1/87db68a8bee64d9986cd0a661ee66e71/artifacts', 1, NULL),
	('310ff89220c24f9881f19509431a917c', 'abundant-jay-956', 'UNKNOWN', '', '', 'bob', 'FAILED', 1700000000100, 1700000000300, '', 'active', 'mlflow-artifacts:/1/310ff89220c24f9881f19509431a917c/artifacts', 1, NULL),
	('9c9abcfa6b05441d914ce591b4b79ed1', 'still running', 'UNKNOWN', '', '', 'unknown', 'RUNNING', 1700000000400, NULL, '', 'active', 'mlflow-artifacts:/1/9c9abcfa6b05441d914ce591b4b79ed1/artifacts', 1, NULL),
	('92266b085c8e4102ab557d3d6c4d9243', 'deleted run', 'UNKNOWN', '', '', 'unknown', 'KILLED', 1700000000500, 1700000000700, '', 'deleted', 'mlflow-artifacts:/2/92266b085c8e4102ab557d3d6c4d9243/artifacts', 2, 1795906511440),
	('cfd260141ad64a8b8aaa6c08face17d0', 'in a deleted experiment', 'UNKNOWN', '', '', 'unknown', 'RUNNING', 1700000000800, NULL, '', 'deleted', 'mlflow-artifacts:/3/cfd260141ad64a8b8aaa6c08face17d0/artifacts', 3, 1795906511590);


--
-- Data for Name: scorer_versions; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: scorers; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: secrets; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: span_metrics; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: spans; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: tags; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tags VALUES
	('mlflow.runName', 'first model', '87db68a8bee64d9986cd0a661ee66e71'),
	('mlflow.user', 'ada', '87db68a8bee64d9986cd0a661ee66e71'),
	('mlflow.source.name', 'train.py', '87db68a8bee64d9986cd0a661ee66e71'),
	('note', 'line one
line two: "quoted"', '87db68a8bee64d9986cd0a661ee66e71'),
	('mlflow.note.content', '# Heading
', '87db68a8bee64d9986cd0a661ee66e71'),
	('mlflow.user', 'bob', '310ff89220c24f9881f19509431a917c'),
	('mlflow.parentRunId', '87db68a8bee64d9986cd0a661ee66e71', '310ff89220c24f9881f19509431a917c'),
	('mlflow.runName', 'abundant-jay-956', '310ff89220c24f9881f19509431a917c'),
	('mlflow.runName', 'still running', '9c9abcfa6b05441d914ce591b4b79ed1'),
	('mlflow.runName', 'deleted run', '92266b085c8e4102ab557d3d6c4d9243'),
	('mlflow.runName', 'in a deleted experiment', 'cfd260141ad64a8b8aaa6c08face17d0');


--
-- Data for Name: trace_info; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trace_metrics; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trace_request_metadata; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trace_tags; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: webhook_events; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: webhooks; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: workspaces; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.workspaces VALUES
	('default', 'Default workspace for legacy resources', NULL);


--
-- Name: experiments_experiment_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.experiments_experiment_id_seq', 3, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: assessments assessments_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_pk PRIMARY KEY (assessment_id);


--
-- Name: budget_policies budget_policies_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.budget_policies
    ADD CONSTRAINT budget_policies_pk PRIMARY KEY (budget_policy_id);


--
-- Name: datasets dataset_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest);


--
-- Name: endpoint_bindings endpoint_bindings_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoint_bindings
    ADD CONSTRAINT endpoint_bindings_pk PRIMARY KEY (endpoint_id, resource_type, resource_id);


--
-- Name: endpoint_model_mappings endpoint_model_mappings_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoint_model_mappings
    ADD CONSTRAINT endpoint_model_mappings_pk PRIMARY KEY (mapping_id);


--
-- Name: endpoint_tags endpoint_tag_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoint_tags
    ADD CONSTRAINT endpoint_tag_pk PRIMARY KEY (key, endpoint_id);


--
-- Name: endpoints endpoints_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoints
    ADD CONSTRAINT endpoints_pk PRIMARY KEY (endpoint_id);


--
-- Name: entity_associations entity_associations_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.entity_associations
    ADD CONSTRAINT entity_associations_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id);


--
-- Name: evaluation_dataset_records evaluation_dataset_records_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evaluation_dataset_records
    ADD CONSTRAINT evaluation_dataset_records_pk PRIMARY KEY (dataset_record_id);


--
-- Name: evaluation_dataset_tags evaluation_dataset_tags_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evaluation_dataset_tags
    ADD CONSTRAINT evaluation_dataset_tags_pk PRIMARY KEY (dataset_id, key);


--
-- Name: evaluation_datasets evaluation_datasets_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evaluation_datasets
    ADD CONSTRAINT evaluation_datasets_pk PRIMARY KEY (dataset_id);


--
-- Name: experiments experiment_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiments
    ADD CONSTRAINT experiment_pk PRIMARY KEY (experiment_id);


--
-- Name: experiment_tags experiment_tag_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiment_tags
    ADD CONSTRAINT experiment_tag_pk PRIMARY KEY (key, experiment_id);


--
-- Name: guardrail_configs guardrail_configs_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guardrail_configs
    ADD CONSTRAINT guardrail_configs_pk PRIMARY KEY (endpoint_id, guardrail_id);


--
-- Name: guardrails guardrails_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guardrails
    ADD CONSTRAINT guardrails_pk PRIMARY KEY (guardrail_id);


--
-- Name: input_tags input_tags_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.input_tags
    ADD CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name);


--
-- Name: inputs inputs_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inputs
    ADD CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id);


--
-- Name: issues issues_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.issues
    ADD CONSTRAINT issues_pk PRIMARY KEY (issue_id);


--
-- Name: jobs jobs_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pk PRIMARY KEY (id);


--
-- Name: latest_metrics latest_metric_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.latest_metrics
    ADD CONSTRAINT latest_metric_pk PRIMARY KEY (key, run_uuid);


--
-- Name: logged_model_metrics logged_model_metrics_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_metrics
    ADD CONSTRAINT logged_model_metrics_pk PRIMARY KEY (model_id, metric_name, metric_timestamp_ms, metric_step, run_id);


--
-- Name: logged_model_params logged_model_params_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_params
    ADD CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, param_key);


--
-- Name: logged_model_tags logged_model_tags_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_tags
    ADD CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, tag_key);


--
-- Name: logged_models logged_models_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_models
    ADD CONSTRAINT logged_models_pk PRIMARY KEY (model_id);


--
-- Name: metrics metric_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT metric_pk PRIMARY KEY (key, "timestamp", step, run_uuid, value, is_nan);


--
-- Name: model_definitions model_definitions_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_definitions
    ADD CONSTRAINT model_definitions_pk PRIMARY KEY (model_definition_id);


--
-- Name: model_versions model_version_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_versions
    ADD CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version);


--
-- Name: model_version_tags model_version_tag_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_version_tags
    ADD CONSTRAINT model_version_tag_pk PRIMARY KEY (workspace, key, name, version);


--
-- Name: online_scoring_configs online_scoring_config_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.online_scoring_configs
    ADD CONSTRAINT online_scoring_config_pk PRIMARY KEY (online_scoring_config_id);


--
-- Name: params param_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.params
    ADD CONSTRAINT param_pk PRIMARY KEY (key, run_uuid);


--
-- Name: registered_model_aliases registered_model_alias_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.registered_model_aliases
    ADD CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias);


--
-- Name: registered_models registered_model_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.registered_models
    ADD CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name);


--
-- Name: registered_model_tags registered_model_tag_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.registered_model_tags
    ADD CONSTRAINT registered_model_tag_pk PRIMARY KEY (workspace, key, name);


--
-- Name: runs run_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT run_pk PRIMARY KEY (run_uuid);


--
-- Name: scorers scorer_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scorers
    ADD CONSTRAINT scorer_pk PRIMARY KEY (scorer_id);


--
-- Name: scorer_versions scorer_version_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scorer_versions
    ADD CONSTRAINT scorer_version_pk PRIMARY KEY (scorer_id, scorer_version);


--
-- Name: secrets secrets_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pk PRIMARY KEY (secret_id);


--
-- Name: span_metrics span_metrics_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.span_metrics
    ADD CONSTRAINT span_metrics_pk PRIMARY KEY (trace_id, span_id, key);


--
-- Name: spans spans_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.spans
    ADD CONSTRAINT spans_pk PRIMARY KEY (trace_id, span_id);


--
-- Name: tags tag_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tag_pk PRIMARY KEY (key, run_uuid);


--
-- Name: trace_info trace_info_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_info
    ADD CONSTRAINT trace_info_pk PRIMARY KEY (request_id);


--
-- Name: trace_metrics trace_metrics_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_metrics
    ADD CONSTRAINT trace_metrics_pk PRIMARY KEY (request_id, key);


--
-- Name: trace_request_metadata trace_request_metadata_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_request_metadata
    ADD CONSTRAINT trace_request_metadata_pk PRIMARY KEY (key, request_id);


--
-- Name: trace_tags trace_tag_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_tags
    ADD CONSTRAINT trace_tag_pk PRIMARY KEY (key, request_id);


--
-- Name: evaluation_dataset_records unique_dataset_input; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evaluation_dataset_records
    ADD CONSTRAINT unique_dataset_input UNIQUE (dataset_id, input_hash);


--
-- Name: endpoints uq_endpoints_workspace_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoints
    ADD CONSTRAINT uq_endpoints_workspace_name UNIQUE (workspace, name);


--
-- Name: experiments uq_experiments_workspace_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiments
    ADD CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name);


--
-- Name: model_definitions uq_model_definitions_workspace_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_definitions
    ADD CONSTRAINT uq_model_definitions_workspace_name UNIQUE (workspace, name);


--
-- Name: secrets uq_secrets_workspace_secret_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT uq_secrets_workspace_secret_name UNIQUE (workspace, secret_name);


--
-- Name: webhook_events webhook_event_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_event_pk PRIMARY KEY (webhook_id, entity, action);


--
-- Name: webhooks webhook_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhook_pk PRIMARY KEY (webhook_id);


--
-- Name: workspaces workspaces_pk; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.workspaces
    ADD CONSTRAINT workspaces_pk PRIMARY KEY (name);


--
-- Name: idx_budget_policies_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_budget_policies_workspace ON public.budget_policies USING btree (workspace);


--
-- Name: idx_endpoints_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_endpoints_workspace ON public.endpoints USING btree (workspace);


--
-- Name: idx_evaluation_datasets_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_evaluation_datasets_workspace ON public.evaluation_datasets USING btree (workspace);


--
-- Name: idx_experiments_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_experiments_workspace ON public.experiments USING btree (workspace);


--
-- Name: idx_experiments_workspace_creation_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_experiments_workspace_creation_time ON public.experiments USING btree (workspace, creation_time);


--
-- Name: idx_guardrail_configs_endpoint_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_guardrail_configs_endpoint_id ON public.guardrail_configs USING btree (endpoint_id);


--
-- Name: idx_guardrail_configs_guardrail_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_guardrail_configs_guardrail_id ON public.guardrail_configs USING btree (guardrail_id);


--
-- Name: idx_guardrails_scorer; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_guardrails_scorer ON public.guardrails USING btree (scorer_id, scorer_version);


--
-- Name: idx_guardrails_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_guardrails_workspace ON public.guardrails USING btree (workspace);


--
-- Name: idx_model_definitions_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_model_definitions_workspace ON public.model_definitions USING btree (workspace);


--
-- Name: idx_model_version_tags_workspace_name_version; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_model_version_tags_workspace_name_version ON public.model_version_tags USING btree (workspace, name, version);


--
-- Name: idx_registered_model_tags_workspace_name; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_registered_model_tags_workspace_name ON public.registered_model_tags USING btree (workspace, name);


--
-- Name: idx_registered_models_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_registered_models_workspace ON public.registered_models USING btree (workspace);


--
-- Name: idx_secrets_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_secrets_workspace ON public.secrets USING btree (workspace);


--
-- Name: idx_webhook_events_action; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_webhook_events_action ON public.webhook_events USING btree (action);


--
-- Name: idx_webhook_events_entity; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_webhook_events_entity ON public.webhook_events USING btree (entity);


--
-- Name: idx_webhook_events_entity_action; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_webhook_events_entity_action ON public.webhook_events USING btree (entity, action);


--
-- Name: idx_webhooks_name; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_webhooks_name ON public.webhooks USING btree (name);


--
-- Name: idx_webhooks_status; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_webhooks_status ON public.webhooks USING btree (status);


--
-- Name: idx_webhooks_workspace; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_webhooks_workspace ON public.webhooks USING btree (workspace);


--
-- Name: index_assessments_assessment_type; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_assessments_assessment_type ON public.assessments USING btree (assessment_type);


--
-- Name: index_assessments_last_updated_timestamp; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_assessments_last_updated_timestamp ON public.assessments USING btree (last_updated_timestamp);


--
-- Name: index_assessments_run_id_created_timestamp; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_assessments_run_id_created_timestamp ON public.assessments USING btree (run_id, created_timestamp);


--
-- Name: index_assessments_trace_id_created_timestamp; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_assessments_trace_id_created_timestamp ON public.assessments USING btree (trace_id, created_timestamp);


--
-- Name: index_datasets_dataset_uuid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_datasets_dataset_uuid ON public.datasets USING btree (dataset_uuid);


--
-- Name: index_datasets_experiment_id_dataset_source_type; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_datasets_experiment_id_dataset_source_type ON public.datasets USING btree (experiment_id, dataset_source_type);


--
-- Name: index_endpoint_model_mappings_endpoint_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_endpoint_model_mappings_endpoint_id ON public.endpoint_model_mappings USING btree (endpoint_id);


--
-- Name: index_endpoint_model_mappings_model_definition_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_endpoint_model_mappings_model_definition_id ON public.endpoint_model_mappings USING btree (model_definition_id);


--
-- Name: index_endpoint_tags_endpoint_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_endpoint_tags_endpoint_id ON public.endpoint_tags USING btree (endpoint_id);


--
-- Name: index_entity_associations_association_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_entity_associations_association_id ON public.entity_associations USING btree (association_id);


--
-- Name: index_entity_associations_reverse_lookup; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_entity_associations_reverse_lookup ON public.entity_associations USING btree (destination_type, destination_id, source_type, source_id);


--
-- Name: index_evaluation_dataset_records_dataset_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_evaluation_dataset_records_dataset_id ON public.evaluation_dataset_records USING btree (dataset_id);


--
-- Name: index_evaluation_dataset_tags_dataset_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_evaluation_dataset_tags_dataset_id ON public.evaluation_dataset_tags USING btree (dataset_id);


--
-- Name: index_evaluation_datasets_created_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_evaluation_datasets_created_time ON public.evaluation_datasets USING btree (created_time);


--
-- Name: index_evaluation_datasets_name; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_evaluation_datasets_name ON public.evaluation_datasets USING btree (name);


--
-- Name: index_inputs_destination_type_destination_id_source_type; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_inputs_destination_type_destination_id_source_type ON public.inputs USING btree (destination_type, destination_id, source_type);


--
-- Name: index_inputs_input_uuid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_inputs_input_uuid ON public.inputs USING btree (input_uuid);


--
-- Name: index_issues_experiment_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_issues_experiment_id ON public.issues USING btree (experiment_id);


--
-- Name: index_issues_source_run_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_issues_source_run_id ON public.issues USING btree (source_run_id);


--
-- Name: index_issues_status; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_issues_status ON public.issues USING btree (status);


--
-- Name: index_jobs_name_status_creation_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_jobs_name_status_creation_time ON public.jobs USING btree (job_name, workspace, status, creation_time);


--
-- Name: index_latest_metrics_run_uuid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_latest_metrics_run_uuid ON public.latest_metrics USING btree (run_uuid);


--
-- Name: index_logged_model_metrics_model_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_logged_model_metrics_model_id ON public.logged_model_metrics USING btree (model_id);


--
-- Name: index_metrics_run_uuid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_metrics_run_uuid ON public.metrics USING btree (run_uuid);


--
-- Name: index_metrics_run_uuid_key_step; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_metrics_run_uuid_key_step ON public.metrics USING btree (run_uuid, key, step);


--
-- Name: index_model_definitions_provider; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_model_definitions_provider ON public.model_definitions USING btree (provider);


--
-- Name: index_model_definitions_secret_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_model_definitions_secret_id ON public.model_definitions USING btree (secret_id);


--
-- Name: index_params_run_uuid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_params_run_uuid ON public.params USING btree (run_uuid);


--
-- Name: index_scorer_versions_scorer_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_scorer_versions_scorer_id ON public.scorer_versions USING btree (scorer_id);


--
-- Name: index_scorers_experiment_id_scorer_name; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX index_scorers_experiment_id_scorer_name ON public.scorers USING btree (experiment_id, scorer_name);


--
-- Name: index_span_metrics_trace_id_span_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_span_metrics_trace_id_span_id ON public.span_metrics USING btree (trace_id, span_id);


--
-- Name: index_spans_experiment_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_spans_experiment_id ON public.spans USING btree (experiment_id);


--
-- Name: index_spans_experiment_id_duration; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_spans_experiment_id_duration ON public.spans USING btree (experiment_id, duration_ns);


--
-- Name: index_spans_experiment_id_status_type; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_spans_experiment_id_status_type ON public.spans USING btree (experiment_id, status, type);


--
-- Name: index_spans_experiment_id_type_status; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_spans_experiment_id_type_status ON public.spans USING btree (experiment_id, type, status);


--
-- Name: index_tags_run_uuid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_tags_run_uuid ON public.tags USING btree (run_uuid);


--
-- Name: index_trace_info_experiment_id_timestamp_ms; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_trace_info_experiment_id_timestamp_ms ON public.trace_info USING btree (experiment_id, timestamp_ms);


--
-- Name: index_trace_metrics_request_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_trace_metrics_request_id ON public.trace_metrics USING btree (request_id);


--
-- Name: index_trace_request_metadata_request_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_trace_request_metadata_request_id ON public.trace_request_metadata USING btree (request_id);


--
-- Name: index_trace_tags_request_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX index_trace_tags_request_id ON public.trace_tags USING btree (request_id);


--
-- Name: unique_endpoint_model_linkage_mapping; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX unique_endpoint_model_linkage_mapping ON public.endpoint_model_mappings USING btree (endpoint_id, model_definition_id, linkage_type);


--
-- Name: secrets prevent_secrets_aad_mutation; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER prevent_secrets_aad_mutation BEFORE UPDATE ON public.secrets FOR EACH ROW EXECUTE FUNCTION public.prevent_secrets_aad_mutation();


--
-- Name: experiment_tags experiment_tags_experiment_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiment_tags
    ADD CONSTRAINT experiment_tags_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: assessments fk_assessments_trace_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT fk_assessments_trace_id FOREIGN KEY (trace_id) REFERENCES public.trace_info(request_id) ON DELETE CASCADE;


--
-- Name: datasets fk_datasets_experiment_id_experiments; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id) ON DELETE CASCADE;


--
-- Name: endpoint_bindings fk_endpoint_bindings_endpoint_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoint_bindings
    ADD CONSTRAINT fk_endpoint_bindings_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(endpoint_id) ON DELETE CASCADE;


--
-- Name: endpoint_model_mappings fk_endpoint_model_mappings_endpoint_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoint_model_mappings
    ADD CONSTRAINT fk_endpoint_model_mappings_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(endpoint_id) ON DELETE CASCADE;


--
-- Name: endpoint_model_mappings fk_endpoint_model_mappings_model_definition_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoint_model_mappings
    ADD CONSTRAINT fk_endpoint_model_mappings_model_definition_id FOREIGN KEY (model_definition_id) REFERENCES public.model_definitions(model_definition_id);


--
-- Name: endpoint_tags fk_endpoint_tags_endpoint_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoint_tags
    ADD CONSTRAINT fk_endpoint_tags_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(endpoint_id) ON DELETE CASCADE;


--
-- Name: endpoints fk_endpoints_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.endpoints
    ADD CONSTRAINT fk_endpoints_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id) ON DELETE SET NULL;


--
-- Name: evaluation_dataset_records fk_evaluation_dataset_records_dataset_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evaluation_dataset_records
    ADD CONSTRAINT fk_evaluation_dataset_records_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.evaluation_datasets(dataset_id) ON DELETE CASCADE;


--
-- Name: evaluation_dataset_tags fk_evaluation_dataset_tags_dataset_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evaluation_dataset_tags
    ADD CONSTRAINT fk_evaluation_dataset_tags_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.evaluation_datasets(dataset_id) ON DELETE CASCADE;


--
-- Name: guardrail_configs fk_guardrail_configs_endpoint_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guardrail_configs
    ADD CONSTRAINT fk_guardrail_configs_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(endpoint_id) ON DELETE CASCADE;


--
-- Name: guardrail_configs fk_guardrail_configs_guardrail_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guardrail_configs
    ADD CONSTRAINT fk_guardrail_configs_guardrail_id FOREIGN KEY (guardrail_id) REFERENCES public.guardrails(guardrail_id) ON DELETE CASCADE;


--
-- Name: guardrails fk_guardrails_action_endpoint_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guardrails
    ADD CONSTRAINT fk_guardrails_action_endpoint_id FOREIGN KEY (action_endpoint_id) REFERENCES public.endpoints(endpoint_id) ON DELETE SET NULL;


--
-- Name: guardrails fk_guardrails_scorer_version; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guardrails
    ADD CONSTRAINT fk_guardrails_scorer_version FOREIGN KEY (scorer_id, scorer_version) REFERENCES public.scorer_versions(scorer_id, scorer_version);


--
-- Name: issues fk_issues_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.issues
    ADD CONSTRAINT fk_issues_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id) ON DELETE CASCADE;


--
-- Name: issues fk_issues_source_run_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.issues
    ADD CONSTRAINT fk_issues_source_run_id FOREIGN KEY (source_run_id) REFERENCES public.runs(run_uuid) ON DELETE SET NULL;


--
-- Name: logged_model_metrics fk_logged_model_metrics_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_metrics
    ADD CONSTRAINT fk_logged_model_metrics_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: logged_model_metrics fk_logged_model_metrics_model_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_metrics
    ADD CONSTRAINT fk_logged_model_metrics_model_id FOREIGN KEY (model_id) REFERENCES public.logged_models(model_id) ON DELETE CASCADE;


--
-- Name: logged_model_metrics fk_logged_model_metrics_run_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_metrics
    ADD CONSTRAINT fk_logged_model_metrics_run_id FOREIGN KEY (run_id) REFERENCES public.runs(run_uuid) ON DELETE CASCADE;


--
-- Name: logged_model_params fk_logged_model_params_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_params
    ADD CONSTRAINT fk_logged_model_params_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: logged_model_params fk_logged_model_params_model_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_params
    ADD CONSTRAINT fk_logged_model_params_model_id FOREIGN KEY (model_id) REFERENCES public.logged_models(model_id) ON DELETE CASCADE;


--
-- Name: logged_model_tags fk_logged_model_tags_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_tags
    ADD CONSTRAINT fk_logged_model_tags_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: logged_model_tags fk_logged_model_tags_model_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_model_tags
    ADD CONSTRAINT fk_logged_model_tags_model_id FOREIGN KEY (model_id) REFERENCES public.logged_models(model_id) ON DELETE CASCADE;


--
-- Name: logged_models fk_logged_models_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logged_models
    ADD CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id) ON DELETE CASCADE;


--
-- Name: model_definitions fk_model_definitions_secret_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_definitions
    ADD CONSTRAINT fk_model_definitions_secret_id FOREIGN KEY (secret_id) REFERENCES public.secrets(secret_id) ON DELETE SET NULL;


--
-- Name: model_version_tags fk_model_version_tags_model_versions; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_version_tags
    ADD CONSTRAINT fk_model_version_tags_model_versions FOREIGN KEY (workspace, name, version) REFERENCES public.model_versions(workspace, name, version) ON UPDATE CASCADE;


--
-- Name: model_versions fk_model_versions_registered_models; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_versions
    ADD CONSTRAINT fk_model_versions_registered_models FOREIGN KEY (workspace, name) REFERENCES public.registered_models(workspace, name) ON UPDATE CASCADE;


--
-- Name: online_scoring_configs fk_online_scoring_configs_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.online_scoring_configs
    ADD CONSTRAINT fk_online_scoring_configs_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: online_scoring_configs fk_online_scoring_configs_scorer_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.online_scoring_configs
    ADD CONSTRAINT fk_online_scoring_configs_scorer_id FOREIGN KEY (scorer_id) REFERENCES public.scorers(scorer_id) ON DELETE CASCADE;


--
-- Name: registered_model_aliases fk_registered_model_aliases_registered_models; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.registered_model_aliases
    ADD CONSTRAINT fk_registered_model_aliases_registered_models FOREIGN KEY (workspace, name) REFERENCES public.registered_models(workspace, name) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: registered_model_tags fk_registered_model_tags_registered_models; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.registered_model_tags
    ADD CONSTRAINT fk_registered_model_tags_registered_models FOREIGN KEY (workspace, name) REFERENCES public.registered_models(workspace, name) ON UPDATE CASCADE;


--
-- Name: scorer_versions fk_scorer_versions_scorer_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scorer_versions
    ADD CONSTRAINT fk_scorer_versions_scorer_id FOREIGN KEY (scorer_id) REFERENCES public.scorers(scorer_id) ON DELETE CASCADE;


--
-- Name: scorers fk_scorers_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scorers
    ADD CONSTRAINT fk_scorers_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id) ON DELETE CASCADE;


--
-- Name: span_metrics fk_span_metrics_span; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.span_metrics
    ADD CONSTRAINT fk_span_metrics_span FOREIGN KEY (trace_id, span_id) REFERENCES public.spans(trace_id, span_id) ON DELETE CASCADE;


--
-- Name: spans fk_spans_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.spans
    ADD CONSTRAINT fk_spans_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: spans fk_spans_trace_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.spans
    ADD CONSTRAINT fk_spans_trace_id FOREIGN KEY (trace_id) REFERENCES public.trace_info(request_id) ON DELETE CASCADE;


--
-- Name: trace_info fk_trace_info_experiment_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_info
    ADD CONSTRAINT fk_trace_info_experiment_id FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: trace_metrics fk_trace_metrics_request_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_metrics
    ADD CONSTRAINT fk_trace_metrics_request_id FOREIGN KEY (request_id) REFERENCES public.trace_info(request_id) ON DELETE CASCADE;


--
-- Name: trace_request_metadata fk_trace_request_metadata_request_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_request_metadata
    ADD CONSTRAINT fk_trace_request_metadata_request_id FOREIGN KEY (request_id) REFERENCES public.trace_info(request_id) ON DELETE CASCADE;


--
-- Name: trace_tags fk_trace_tags_request_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trace_tags
    ADD CONSTRAINT fk_trace_tags_request_id FOREIGN KEY (request_id) REFERENCES public.trace_info(request_id) ON DELETE CASCADE;


--
-- Name: latest_metrics latest_metrics_run_uuid_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.latest_metrics
    ADD CONSTRAINT latest_metrics_run_uuid_fkey FOREIGN KEY (run_uuid) REFERENCES public.runs(run_uuid);


--
-- Name: metrics metrics_run_uuid_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT metrics_run_uuid_fkey FOREIGN KEY (run_uuid) REFERENCES public.runs(run_uuid);


--
-- Name: params params_run_uuid_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.params
    ADD CONSTRAINT params_run_uuid_fkey FOREIGN KEY (run_uuid) REFERENCES public.runs(run_uuid);


--
-- Name: runs runs_experiment_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES public.experiments(experiment_id);


--
-- Name: tags tags_run_uuid_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_run_uuid_fkey FOREIGN KEY (run_uuid) REFERENCES public.runs(run_uuid);


--
-- Name: webhook_events webhook_events_webhook_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(webhook_id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--

\unrestrict wpTWrhQOhDXECxL4hk5zfu6905xq6tgzwCJdQ0vHxhteeO9k8nUhdwNeLDYTulO

