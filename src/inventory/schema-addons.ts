import { z } from 'zod'
import { dnsLabel, flag, line, localPath, url } from './scalars.ts'

const source = z.union(
  [
    localPath,
    z.strictObject({
      url: url.describe('Where it is fetched from.'),
      sha256: z
        .string({ error: '64 hexadecimal digits' })
        .regex(/^[0-9a-f]{64}$/, { error: '64 hexadecimal digits, as sha256sum prints them' })
        .describe('Digest of what must arrive.'),
    }),
  ],
  { error: 'a file, or {url: …, sha256: …}' },
)

const rolloutForm = 'a Deployment, DaemonSet or StatefulSet and its namespace, like Deployment web/frontend'
const objectForm = 'an API version, a kind and a name, like cert-manager.io/v1 Certificate web/site'

const wait = z
  .strictObject({
    rollout: line(rolloutForm)
      .regex(/^(Deployment|DaemonSet|StatefulSet) [a-z0-9][-a-z0-9]*\/[a-z0-9][-a-z0-9.]*$/, { error: rolloutForm })
      .exactOptional()
      .describe('All its pods are there, new and available.'),
    established: line('the name of a CustomResourceDefinition')
      .regex(/^[a-z0-9][-a-z0-9]*(\.[a-z0-9][-a-z0-9]*)+$/, {
        error: 'the name of a CustomResourceDefinition, like certificates.cert-manager.io',
      })
      .exactOptional()
      .describe('A kind that the API server serves.'),
    condition: line('a condition, like Ready=True')
      .regex(/^[A-Za-z][A-Za-z0-9]*=(True|False|Unknown)$/, { error: 'a condition and its status, like Ready=True' })
      .exactOptional()
      .describe('A condition in the status of an object …'),
    of: line(objectForm)
      .regex(/^([a-z0-9][-a-z0-9.]*\/)?v[a-z0-9]+ [A-Z][A-Za-z0-9]* ([a-z0-9][-a-z0-9]*\/)?[a-z0-9][-a-z0-9.:]*$/, {
        error: objectForm,
      })
      .exactOptional()
      .describe('… and which object that is.'),
  })
  .describe('What must be so before the next add-on.')

const addon = z
  .strictObject({
    name: dnsLabel.describe('Its name in plans.'),
    manifests: z
      .array(source)
      .min(1, { error: 'at least one file, or {url: …, sha256: …}' })
      .exactOptional()
      .describe('Files with objects, in order.'),
    kustomize: localPath
      .exactOptional()
      .describe('Instead: folder of a kustomization, rendered on this machine by `kubectl kustomize`.'),
    wait: z.array(wait).default([]).describe('What is waited for, in order.'),
    prune: flag
      .default(false)
      .describe(
        'Delete in the cluster what it no longer has, and all of it when it is taken out of the list. Namespaces and CustomResourceDefinitions stay.',
      ),
  })
  .describe('Objects of your own.')

export const addons = z.array(addon).describe('Objects of your own, applied in this order at the end.')
