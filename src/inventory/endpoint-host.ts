/** An endpoint without its port: `api.example` of `api.example:6443`, `2001:db8::1` of `[2001:db8::1]:6443`; '' of none. */
export function endpointHost(endpoint = ''): string {
  return endpoint.replace(/:[0-9]+$/, '').replace(/^\[|\]$/g, '')
}
