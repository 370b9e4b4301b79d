import { dockerRegistry } from './local.ts'
import {
  asIs,
  block,
  blockDefinition,
  common,
  commonAsIs,
  number,
  object,
  schemaOf,
  startTimeout,
  streamOutput,
  type Template,
  text,
  texts,
  type WorkerType,
  watchInterval,
  whole,
} from './variables.ts'

const generated = (what: string) => ({
  type: 'string',
  defaultValue: '[uniqueString(resourceGroup().id)]',
  metadata: { description: what },
})

const template = (required: readonly string[]): Template => ({
  job_configuration: {
    ...commonAsIs,
    ...asIs(
      'image',
      'resource_group_name',
      'subscription_id',
      'identities',
      'entrypoint',
      'image_registry',
      'cpu',
      'gpu_count',
      'gpu_sku',
      'memory',
      'subnet_ids',
      'dns_servers',
      'stream_output',
      'aci_credentials',
      'task_start_timeout_seconds',
      'task_watch_poll_interval',
    ),
    arm_template: {
      $schema: 'https://schema.management.azure.com/schemas/2019-08-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      parameters: {
        location: {
          type: 'string',
          defaultValue: '[resourceGroup().location]',
          metadata: { description: 'Where resources are made.' },
        },
        container_group_name: generated('The container group of the run.'),
        container_name: generated('The container of the run.'),
      },
      resources: [
        {
          type: 'Microsoft.ContainerInstance/containerGroups',
          apiVersion: '2022-09-01',
          name: "[parameters('container_group_name')]",
          location: "[parameters('location')]",
          properties: {
            containers: [
              {
                name: "[parameters('container_name')]",
                properties: {
                  image: '{{ image }}',
                  command: '{{ command }}',
                  resources: { requests: { cpu: '{{ cpu }}', memoryInGB: '{{ memory }}' } },
                  environmentVariables: [],
                },
              },
            ],
            osType: 'Linux',
            restartPolicy: 'Never',
          },
        },
      ],
    },
  },
  variables: schemaOf(
    {
      ...common,
      image: text('The image of the container. One that fits the versions of the worker, unless given.'),
      resource_group_name: text('The resource group in which container groups are made.'),
      subscription_id: text('The subscription that pays for them.', { format: 'password', writeOnly: true }),
      identities: texts('Managed identities that the container group has.'),
      entrypoint: text('What the container starts with.', { default: '/opt/prefect/entrypoint.sh' }),
      image_registry: {
        anyOf: [
          { $ref: '#/definitions/DockerRegistryCredentials' },
          { $ref: '#/definitions/ACRManagedIdentity' },
        ],
        description: 'How to sign in to the registry of the image.',
      },
      cpu: number('Processors of the container.', { default: 1.0 }),
      gpu_count: whole('Graphics processors of the container.'),
      gpu_sku: text('Their kind, such as K80, P100 or V100.'),
      memory: number('Memory of the container, in GB.', { default: 1.0 }),
      subnet_ids: texts('Subnets that the container group joins.'),
      dns_servers: texts('Name servers of the container group.'),
      aci_credentials: block(
        'AzureContainerInstanceCredentials',
        'How to sign in to Azure. As the worker is signed in, unless given.',
      ),
      stream_output: streamOutput(false),
      task_start_timeout_seconds: startTimeout(240),
      task_watch_poll_interval: watchInterval,
    },
    {
      required,
      definitions: {
        ...dockerRegistry,
        ACRManagedIdentity: {
          title: 'ACRManagedIdentity',
          type: 'object',
          properties: {
            registry_url: text('Where the registry is, such as myregistry.azurecr.io.'),
            identity: text('The managed identity that may pull from it.'),
          },
          required: ['registry_url', 'identity'],
        },
        AzureContainerInstanceCredentials: blockDefinition(
          'AzureContainerInstanceCredentials',
          'azure-container-instance-credentials',
          {
            client_id: text('The id of a service principal.'),
            tenant_id: text('Its tenant.'),
            client_secret: text('Its secret.', { format: 'password', writeOnly: true }),
            credential_kwargs: object('Further parameters of the credential.'),
          },
        ),
      },
    },
  ),
})

const shared = {
  documentation_url: 'https://docs.prefect.io/integrations/prefect-azure',
  install_command: 'pip install prefect-azure',
  logo_url: '',
  is_beta: false,
} as const

export const aciType: WorkerType = {
  ...shared,
  type: 'azure-container-instance',
  display_name: 'Azure Container Instances',
  description: 'Runs each flow in a container group of Azure Container Instances.',
  is_push_pool: false,
  default_base_job_configuration: template(['resource_group_name', 'subscription_id']),
}

export const aciPushType: WorkerType = {
  ...shared,
  type: 'azure-container-instance:push',
  display_name: 'Azure Container Instances, push',
  description:
    'Runs each flow in Azure Container Instances, submitted by the control plane. Rigel submits nothing by itself: choose the type without push, and start a worker.',
  is_push_pool: true,
  default_base_job_configuration: template(['aci_credentials', 'resource_group_name', 'subscription_id']),
}
