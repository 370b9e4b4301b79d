import {
  asIs,
  block,
  blockDefinition,
  common,
  commonAsIs,
  flag,
  schemaOf,
  streamOutput,
  text,
  texts,
  type WorkerType,
  whole,
} from './variables.ts'

const host = { logo_url: '', is_beta: false, is_push_pool: false } as const

/** Workers that run flows where they run themselves. */
export const processType: WorkerType = {
  ...host,
  type: 'process',
  display_name: 'Process',
  description:
    'Runs each flow as a process on the machine where the worker runs. The simplest type: good for a first deployment, and for machines of your own.',
  documentation_url: 'https://docs.prefect.io/latest/api-ref/prefect/workers/process/',
  install_command: 'pip install prefect',
  default_base_job_configuration: {
    job_configuration: { ...commonAsIs, ...asIs('stream_output', 'working_dir') },
    variables: schemaOf({
      ...common,
      stream_output: streamOutput(true),
      working_dir: text(
        'The folder in which the run starts. A folder of its own that is removed afterwards, unless given.',
        { format: 'path' },
      ),
    }),
  },
}

export const dockerRegistry = {
  DockerRegistryCredentials: blockDefinition('DockerRegistryCredentials', 'docker-registry-credentials', {
    username: text('The user that the registry knows.'),
    password: text('Its password or token.', { format: 'password', writeOnly: true }),
    registry_url: text('Where the registry is.'),
    reauth: flag('Whether to sign in anew before each pull.', { default: true }),
  }),
} as const

export const dockerType: WorkerType = {
  ...host,
  type: 'docker',
  display_name: 'Docker',
  description:
    'Runs each flow in a container of its own on a Docker host. Good where flows need different packages or versions of Python.',
  documentation_url: 'https://docs.prefect.io/integrations/prefect-docker',
  install_command: 'pip install prefect-docker',
  default_base_job_configuration: {
    job_configuration: {
      ...commonAsIs,
      ...asIs(
        'image',
        'registry_credentials',
        'image_pull_policy',
        'networks',
        'network_mode',
        'auto_remove',
        'volumes',
        'stream_output',
        'container_wait_timeout',
        'mem_limit',
        'memswap_limit',
        'privileged',
      ),
    },
    variables: schemaOf(
      {
        ...common,
        image: text(
          'The image that containers are made of. One that fits the versions of the worker, unless given.',
          {
            example: 'docker.io/prefecthq/prefect:3-latest',
          },
        ),
        registry_credentials: block(
          'DockerRegistryCredentials',
          'How to sign in to the registry of the image.',
        ),
        image_pull_policy: text('When the image is pulled from its registry.', {
          enum: ['IfNotPresent', 'Always', 'IfPossible', 'Never'],
        }),
        networks: texts('Docker networks that containers join.'),
        network_mode: text(
          'The network mode of containers, such as host or bridge. Not together with networks.',
        ),
        auto_remove: flag('Whether containers are removed when they have ended.', { default: false }),
        volumes: texts('Folders of the host that containers see, as host:container.', {
          example: ['/my/local/path:/path/in/container'],
        }),
        stream_output: streamOutput(true),
        container_wait_timeout: whole('Seconds that a container may take to start. No end, unless given.', {
          exclusiveMinimum: 0,
        }),
        mem_limit: text('The most memory a container may use, such as 512m.'),
        memswap_limit: text('The most memory and swap together; -1 for no end.'),
        privileged: flag('Whether containers get all rights on the host.', { default: false }),
      },
      { definitions: dockerRegistry },
    ),
  },
}

/** Polled by agents of clients 2.x, whose infrastructure is a block and no template. */
export const agentType: WorkerType = {
  ...host,
  type: 'prefect-agent',
  display_name: 'Agent (clients 2.x)',
  description:
    'For agents of clients 2.x, which take the infrastructure of a run from a block. New deployments are better served by a worker.',
  documentation_url: 'https://docs-2.prefect.io/latest/concepts/agents/',
  install_command: 'pip install "prefect<3"',
  default_base_job_configuration: {},
}
