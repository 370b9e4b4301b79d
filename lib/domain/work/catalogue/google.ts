import {
  asIs,
  block,
  blockDefinition,
  common,
  commonAsIs,
  flag,
  object,
  schemaOf,
  type Template,
  text,
  texts,
  type WorkerType,
  watchInterval,
  whole,
} from './variables.ts'

const definitions = {
  GcpCredentials: blockDefinition('GcpCredentials', 'gcp-credentials', {
    service_account_file: text('A file with the key of a service account.', { format: 'path' }),
    service_account_info: object('The key itself.'),
    project: text('The project.'),
  }),
} as const

const credentials = block(
  'GcpCredentials',
  'How to sign in to Google Cloud. As the worker is signed in, unless given.',
)
const serviceAccount = text('The service account under which the flow runs.', {
  example: 'service-account@example.iam.gserviceaccount.com',
})
const memory = { pattern: '^\\d+(?:G|Gi|M|Mi)$', example: '512Mi' }
const connector = text('The connector through which the job reaches a private network.')
const keepJob = flag('Whether jobs stay when their run has ended.', { default: false })
const needsCredentials = { required: ['credentials'] }

const cloudRun = (more: { readonly required?: readonly string[] } = {}): Template => ({
  job_configuration: {
    ...commonAsIs,
    ...asIs('region', 'credentials', 'timeout', 'keep_job'),
    job_body: {
      apiVersion: 'run.googleapis.com/v1',
      kind: 'Job',
      metadata: { name: '{{ name }}', annotations: { 'run.googleapis.com/launch-stage': 'BETA' } },
      spec: {
        template: {
          spec: {
            template: {
              spec: {
                containers: [
                  {
                    image: '{{ image }}',
                    command: '{{ command }}',
                    resources: {
                      limits: { cpu: '{{ cpu }}', memory: '{{ memory }}' },
                      requests: { cpu: '{{ cpu }}', memory: '{{ memory }}' },
                    },
                  },
                ],
                timeoutSeconds: '{{ timeout }}',
                serviceAccountName: '{{ service_account_name }}',
              },
            },
          },
          metadata: {
            annotations: { 'run.googleapis.com/vpc-access-connector': '{{ vpc_connector_name }}' },
          },
        },
      },
    },
  },
  variables: schemaOf(
    {
      ...common,
      region: text('The region in which jobs run.', { default: 'us-central1', example: 'us-central1' }),
      credentials,
      image: text('The image of the container. One that fits the versions of the worker, unless given.', {
        example: 'docker.io/prefecthq/prefect:3-latest',
      }),
      cpu: text('Processors of the job, in thousandths.', { pattern: '^(\\d*000)m$', example: '1000m' }),
      memory: text('Memory of the job.', memory),
      vpc_connector_name: connector,
      service_account_name: serviceAccount,
      keep_job: keepJob,
      timeout: whole('Seconds that a run may take.', { default: 600, exclusiveMinimum: 0, maximum: 3_600 }),
    },
    { ...more, definitions },
  ),
})

const cloudRunV2 = (more: { readonly required?: readonly string[] } = {}): Template => ({
  job_configuration: {
    ...commonAsIs,
    ...asIs('credentials', 'keep_job', 'region', 'timeout'),
    job_body: {
      client: 'prefect',
      launchStage: '{{ launch_stage }}',
      template: {
        template: {
          serviceAccount: '{{ service_account_name }}',
          maxRetries: '{{ max_retries }}',
          timeout: '{{ timeout }}',
          vpcAccess: { connector: '{{ vpc_connector_name }}' },
          containers: [
            {
              env: [],
              image: '{{ image }}',
              command: '{{ command }}',
              args: '{{ args }}',
              resources: { limits: { cpu: '{{ cpu }}', memory: '{{ memory }}' } },
            },
          ],
        },
      },
    },
  },
  variables: schemaOf(
    {
      ...common,
      credentials,
      region: text('The region in which jobs run.', { default: 'us-central1' }),
      image: text('The image of the container.', { default: 'prefecthq/prefect:3-latest' }),
      args: texts('Arguments of the command.'),
      keep_job: keepJob,
      launch_stage: text('How mature the features are that the job may use.', {
        default: 'BETA',
        enum: [
          'ALPHA',
          'BETA',
          'GA',
          'DEPRECATED',
          'EARLY_ACCESS',
          'PRELAUNCH',
          'UNIMPLEMENTED',
          'LAUNCH_TAG_UNSPECIFIED',
        ],
      }),
      max_retries: whole('How often Cloud Run starts a job that failed again.', { default: 0 }),
      cpu: text('Processors of the job, in thousandths.', { default: '1000m' }),
      memory: text('Memory of the job.', { default: '512Mi', ...memory }),
      timeout: whole('Seconds that a run may take.', { default: 600, exclusiveMinimum: 0, maximum: 604_800 }),
      vpc_connector_name: connector,
      service_account_name: serviceAccount,
    },
    { ...more, definitions },
  ),
})

const vertex: Template = {
  job_configuration: {
    ...commonAsIs,
    ...asIs('region', 'credentials', 'job_watch_poll_interval'),
    job_spec: {
      ...asIs('service_account_name', 'network', 'reserved_ip_ranges', 'maximum_run_time_hours'),
      worker_pool_specs: [
        {
          replica_count: 1,
          container_spec: { image_uri: '{{ image }}', command: '{{ command }}', args: [] },
          machine_spec: asIs('machine_type', 'accelerator_type', 'accelerator_count'),
          disk_spec: asIs('boot_disk_type', 'boot_disk_size_gb'),
        },
      ],
    },
  },
  variables: schemaOf(
    {
      ...common,
      region: text('The region in which jobs run.', { example: 'us-central1' }),
      image: text('The image of the container.', { example: 'gcr.io/your-project/your-repo:latest' }),
      credentials,
      machine_type: text('The machine that a job runs on.', { default: 'n1-standard-4' }),
      accelerator_type: text('The kind of accelerator that the machine has.', {
        example: 'NVIDIA_TESLA_K80',
      }),
      accelerator_count: whole('How many accelerators it has.', { example: 1 }),
      boot_disk_type: text('The kind of disk it starts from.', { default: 'pd-ssd' }),
      boot_disk_size_gb: whole('The size of that disk, in GB.', { default: 100 }),
      maximum_run_time_hours: whole('Hours that a run may take.', { default: 1 }),
      network: text('The network that the job joins.'),
      reserved_ip_ranges: texts('Ranges of addresses of that network that the job may use.'),
      service_account_name: serviceAccount,
      job_watch_poll_interval: watchInterval,
    },
    { required: ['region', 'image'], definitions },
  ),
}

const shared = {
  documentation_url: 'https://docs.prefect.io/integrations/prefect-gcp',
  install_command: 'pip install prefect-gcp',
  logo_url: '',
  is_beta: false,
} as const
const pushed =
  'submitted by the control plane. Rigel submits nothing by itself: choose the type without push, and start a worker.'

export const cloudRunType: WorkerType = {
  ...shared,
  type: 'cloud-run',
  display_name: 'Google Cloud Run, first version',
  description:
    'Runs each flow as a job of Google Cloud Run. New pools are better served by its second version.',
  is_push_pool: false,
  default_base_job_configuration: cloudRun(),
}

export const cloudRunPushType: WorkerType = {
  ...shared,
  type: 'cloud-run:push',
  display_name: 'Google Cloud Run, first version, push',
  description: `Runs each flow as a job of Google Cloud Run, ${pushed}`,
  is_push_pool: true,
  default_base_job_configuration: cloudRun(needsCredentials),
}

export const cloudRunV2Type: WorkerType = {
  ...shared,
  type: 'cloud-run-v2',
  display_name: 'Google Cloud Run',
  description: 'Runs each flow as a job of Google Cloud Run, through the second version of its interface.',
  is_push_pool: false,
  default_base_job_configuration: cloudRunV2(),
}

export const cloudRunV2PushType: WorkerType = {
  ...shared,
  type: 'cloud-run-v2:push',
  display_name: 'Google Cloud Run, push',
  description: `Runs each flow as a job of Google Cloud Run, through the second version of its interface, ${pushed}`,
  is_push_pool: true,
  default_base_job_configuration: cloudRunV2(needsCredentials),
}

export const vertexType: WorkerType = {
  ...shared,
  type: 'vertex-ai',
  display_name: 'Google Vertex AI',
  description: 'Runs each flow as a custom job of Google Vertex AI. Good where flows need accelerators.',
  is_push_pool: false,
  default_base_job_configuration: vertex,
}
