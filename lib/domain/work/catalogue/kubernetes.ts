import {
  asIs,
  block,
  blockDefinition,
  common,
  commonAsIs,
  object,
  schemaOf,
  streamOutput,
  text,
  type WorkerType,
  whole,
} from './variables.ts'

export const kubernetesType: WorkerType = {
  type: 'kubernetes',
  display_name: 'Kubernetes',
  description:
    'Runs each flow as a job of a Kubernetes cluster. Good where runs have to scale, or need resources that the cluster assigns.',
  documentation_url: 'https://docs.prefect.io/integrations/prefect-kubernetes',
  install_command: 'pip install prefect-kubernetes',
  logo_url: '',
  is_beta: false,
  is_push_pool: false,
  default_base_job_configuration: {
    job_configuration: {
      ...commonAsIs,
      ...asIs(
        'namespace',
        'cluster_config',
        'job_watch_timeout_seconds',
        'pod_watch_timeout_seconds',
        'stream_output',
      ),
      job_manifest: {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          labels: '{{ labels }}',
          namespace: '{{ namespace }}',
          generateName: '{{ name }}-',
        },
        spec: {
          // A run that fails is retried by its own rules, not by the cluster's.
          backoffLimit: 0,
          ttlSecondsAfterFinished: '{{ finished_job_ttl }}',
          template: {
            spec: {
              parallelism: 1,
              completions: 1,
              restartPolicy: 'Never',
              serviceAccountName: '{{ service_account_name }}',
              containers: [
                {
                  name: 'prefect-job',
                  env: '{{ env }}',
                  image: '{{ image }}',
                  imagePullPolicy: '{{ image_pull_policy }}',
                  args: '{{ command }}',
                  resources: {
                    limits: { cpu: '{{ cpu_limit }}', memory: '{{ memory_limit }}' },
                    requests: { cpu: '{{ cpu_request }}', memory: '{{ memory_request }}' },
                  },
                },
              ],
            },
          },
        },
      },
    },
    variables: schemaOf(
      {
        ...common,
        namespace: text('The namespace in which jobs are made.', { default: 'default' }),
        image: text('The image of the container. One that fits the versions of the worker, unless given.', {
          example: 'docker.io/prefecthq/prefect:3-latest',
        }),
        service_account_name: text('The service account under which pods run.'),
        image_pull_policy: text('When nodes pull the image.', {
          default: 'IfNotPresent',
          enum: ['IfNotPresent', 'Always', 'Never'],
        }),
        finished_job_ttl: whole(
          'Seconds after its end at which the cluster removes a job. It stays, unless given.',
        ),
        job_watch_timeout_seconds: whole(
          'Seconds for which a job is watched before it counts as lost. No end, unless given.',
        ),
        pod_watch_timeout_seconds: whole('Seconds that a pod may take to start.', { default: 60 }),
        stream_output: streamOutput(true),
        cluster_config: block(
          'KubernetesClusterConfig',
          'The cluster to run in. The one that the worker is in, or that its kubeconfig names, unless given.',
        ),
        cpu_request: text('The processor time that a pod asks for, such as 500m.'),
        cpu_limit: text('The most processor time a pod may use.'),
        memory_request: text('The memory that a pod asks for, such as 512Mi.'),
        memory_limit: text('The most memory a pod may use.'),
      },
      {
        definitions: {
          KubernetesClusterConfig: blockDefinition('KubernetesClusterConfig', 'kubernetes-cluster-config', {
            config: object('A kubeconfig.'),
            context_name: text('Which of its contexts.'),
          }),
        },
      },
    ),
  },
}
