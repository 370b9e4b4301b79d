import {
  asIs,
  block,
  blockDefinition,
  common,
  commonAsIs,
  number,
  object,
  schemaOf,
  text,
  texts,
  type WorkerType,
  whole,
} from './variables.ts'

// Types that a hosted service submits to. A pool of such a type can be kept here, and its runs are scheduled; who runs them is up to you.

const unserved = 'Rigel submits nothing by itself: its runs wait until somebody takes them.'
const hosted = {
  documentation_url: 'https://docs.prefect.io/v3/how-to-guides/deployment_infra/serverless',
  logo_url: '',
  is_beta: false,
} as const

export const modalPushType: WorkerType = {
  ...hosted,
  type: 'modal:push',
  display_name: 'Modal, push',
  description: `Runs each flow in a sandbox of Modal, submitted by the control plane. ${unserved}`,
  install_command: 'pip install modal',
  is_push_pool: true,
  default_base_job_configuration: {
    job_configuration: { ...commonAsIs, ...asIs('modal_credentials', 'image', 'cpu', 'memory', 'timeout') },
    variables: schemaOf(
      {
        ...common,
        modal_credentials: block('ModalCredentials', 'How to sign in to Modal.'),
        image: text('The image that sandboxes are made of.', {
          default: 'docker.io/prefecthq/prefect:3-latest',
        }),
        cpu: number('Processors of a sandbox.', { default: 1.0 }),
        memory: whole('Memory of a sandbox, in MiB.', { default: 1_024 }),
        timeout: whole('Seconds that a run may take.', { default: 3_600, exclusiveMinimum: 0 }),
      },
      {
        required: ['modal_credentials'],
        definitions: {
          ModalCredentials: blockDefinition('ModalCredentials', 'modal-credentials', {
            token_id: text('The id of a token.'),
            token_secret: text('Its secret.', { format: 'password', writeOnly: true }),
          }),
        },
      },
    ),
  },
}

export const coiledPushType: WorkerType = {
  ...hosted,
  type: 'coiled:push',
  display_name: 'Coiled, push',
  description: `Runs each flow on a machine that Coiled starts in your cloud account, submitted by the control plane. ${unserved}`,
  install_command: 'pip install prefect-coiled',
  is_push_pool: true,
  default_base_job_configuration: {
    job_configuration: {
      ...commonAsIs,
      ...asIs(
        'credentials',
        'workspace',
        'image',
        'software',
        'region',
        'arm',
        'cpu',
        'memory',
        'gpu',
        'vm_types',
      ),
    },
    variables: schemaOf(
      {
        ...common,
        credentials: block('CoiledCredentials', 'How to sign in to Coiled.'),
        workspace: text('The workspace of Coiled. That of the credentials, unless given.'),
        image: text('The image that runs are started from.'),
        software: text('A software environment of Coiled, instead of an image.'),
        region: text('The region in which machines are started.'),
        arm: { type: 'boolean', description: 'Whether machines have ARM processors.', default: false },
        cpu: whole('Processors of a machine.'),
        memory: text('Memory of a machine, such as 16 GiB.'),
        gpu: { type: 'boolean', description: 'Whether machines have a graphics processor.', default: false },
        vm_types: texts('Types of machine to choose from.'),
      },
      {
        required: ['credentials'],
        definitions: {
          CoiledCredentials: blockDefinition('CoiledCredentials', 'coiled-credentials', {
            api_token: text('A token.', { format: 'password', writeOnly: true }),
          }),
        },
      },
    ),
  },
}

export const managedType: WorkerType = {
  ...hosted,
  type: 'prefect:managed',
  display_name: 'Managed',
  description: `For services that run flows on machines of their own. ${unserved} For machines of yours choose the type process instead.`,
  documentation_url: 'https://docs.prefect.io/v3/how-to-guides/deployment_infra/managed',
  install_command: '',
  is_push_pool: false,
  default_base_job_configuration: {
    job_configuration: asIs('command', 'env', 'image', 'pip_packages', 'timeout', 'credentials'),
    variables: schemaOf({
      env: common.env,
      command: common.command,
      image: text('The image in which runs start.'),
      pip_packages: texts('Packages of Python that are installed before a run starts.'),
      timeout: whole('Seconds that a run may take.', { default: 86_400, exclusiveMinimum: 0 }),
      credentials: object('How to sign in to the registry of the image.'),
    }),
  },
}
