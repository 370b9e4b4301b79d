import {
  asIs,
  block,
  blockDefinition,
  common,
  commonAsIs,
  flag,
  map,
  object,
  schemaOf,
  startTimeout,
  type Template,
  text,
  type WorkerType,
  watchInterval,
  whole,
} from './variables.ts'

const template = (required?: readonly string[]): Template => ({
  job_configuration: {
    ...commonAsIs,
    ...asIs('aws_credentials'),
    task_definition: {
      containerDefinitions: [{ image: '{{ image }}', name: '{{ container_name }}' }],
      cpu: '{{ cpu }}',
      family: '{{ family }}',
      memory: '{{ memory }}',
      executionRoleArn: '{{ execution_role_arn }}',
    },
    task_run_request: {
      launchType: '{{ launch_type }}',
      cluster: '{{ cluster }}',
      overrides: {
        containerOverrides: [
          {
            name: '{{ container_name }}',
            command: '{{ command }}',
            environment: '{{ env }}',
            cpu: '{{ cpu }}',
            memory: '{{ memory }}',
          },
        ],
        cpu: '{{ cpu }}',
        memory: '{{ memory }}',
        taskRoleArn: '{{ task_role_arn }}',
      },
      tags: '{{ labels }}',
      taskDefinition: '{{ task_definition_arn }}',
      capacityProviderStrategy: '{{ capacity_provider_strategy }}',
    },
    ...asIs(
      'configure_cloudwatch_logs',
      'cloudwatch_logs_options',
      'cloudwatch_logs_prefix',
      'network_configuration',
      'stream_output',
      'task_start_timeout_seconds',
      'task_watch_poll_interval',
      'auto_deregister_task_definition',
      'vpc_id',
      'container_name',
      'cluster',
      'match_latest_revision_in_family',
    ),
  },
  variables: schemaOf(
    {
      ...common,
      task_definition_arn: text(
        'A task definition that is there already. What else describes one is then not used.',
      ),
      aws_credentials: block(
        'AwsCredentials',
        'How to sign in to AWS. As the worker is signed in, unless given.',
      ),
      cluster: text('The cluster to run in, by name or ARN. The default one, unless given.'),
      family: text('The family under which task definitions are registered.'),
      launch_type: text('On what tasks run.', {
        default: 'FARGATE',
        enum: ['FARGATE', 'EC2', 'EXTERNAL', 'FARGATE_SPOT'],
      }),
      capacity_provider_strategy: {
        type: 'array',
        items: { $ref: '#/definitions/CapacityProvider' },
        description: 'How tasks are spread over capacity providers, instead of a launch type.',
      },
      image: text('The image of the container. One that fits the versions of the worker, unless given.'),
      cpu: whole('Processor units of a task; 1024 are one processor.'),
      memory: whole('Memory of a task, in MiB.'),
      container_name: text('The container of the task in which the flow runs.'),
      task_role_arn: text('The role that the flow has while it runs.'),
      execution_role_arn: text('The role with which ECS pulls the image and writes logs.'),
      vpc_id: text('The network in which tasks run. The default one, unless given.'),
      configure_cloudwatch_logs: flag(
        'Whether what a task prints goes to CloudWatch. Needs an execution role.',
      ),
      cloudwatch_logs_options: map('Options of the log driver, besides those that are set anyway.'),
      cloudwatch_logs_prefix: text('What the names of log streams begin with.'),
      network_configuration: object('The network configuration of a task, as ECS takes it.'),
      stream_output: flag('Whether what a task prints appears where the worker runs, too. Needs CloudWatch.'),
      task_start_timeout_seconds: startTimeout(300),
      task_watch_poll_interval: watchInterval,
      auto_deregister_task_definition: flag('Whether task definitions are deregistered after each run.', {
        default: false,
      }),
      match_latest_revision_in_family: flag(
        'Whether the newest revision in the family is used when it equals what would be registered.',
        { default: false },
      ),
    },
    {
      ...(required ? { required } : {}),
      definitions: {
        AwsCredentials: blockDefinition('AwsCredentials', 'aws-credentials', {
          aws_access_key_id: text('The id of an access key.'),
          aws_secret_access_key: text('Its secret.', { format: 'password', writeOnly: true }),
          aws_session_token: text('The token of a session, for temporary keys.', {
            format: 'password',
            writeOnly: true,
          }),
          profile_name: text('A profile of the shared configuration instead.'),
          region_name: text('The region.'),
          aws_client_parameters: object('Further parameters of the client.'),
        }),
        CapacityProvider: {
          title: 'CapacityProvider',
          type: 'object',
          properties: {
            capacityProvider: text('The name of the provider.'),
            weight: whole('Its share of the tasks, beside those of the others.'),
            base: whole('How many tasks it gets before shares count.'),
          },
          required: ['capacityProvider', 'weight', 'base'],
        },
      },
    },
  ),
})

const shared = {
  documentation_url: 'https://docs.prefect.io/integrations/prefect-aws',
  install_command: 'pip install prefect-aws',
  logo_url: '',
  is_beta: false,
} as const

export const ecsType: WorkerType = {
  ...shared,
  type: 'ecs',
  display_name: 'AWS Elastic Container Service',
  description: 'Runs each flow as a task of Amazon ECS, on Fargate or on machines of a cluster.',
  is_push_pool: false,
  default_base_job_configuration: template(),
}

export const ecsPushType: WorkerType = {
  ...shared,
  type: 'ecs:push',
  display_name: 'AWS Elastic Container Service, push',
  description:
    'Runs each flow as a task of Amazon ECS, submitted by the control plane. Rigel submits nothing by itself: choose the type without push, and start a worker.',
  is_push_pool: true,
  default_base_job_configuration: template(['aws_credentials']),
}
