/** A certificate of nobody, as a host sends it: `CN=kube-apiserver`, no authority. Its key was thrown away. */
const DER =
  'MIIBgzCCASqgAwIBAgIUS9tD9ln0t6EBXuMcsm+zHrHEHDEwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOa3ViZS1hcGlzZXJ2ZXIwHhcNMjYxMTIzMTMxNTExWhcNMzYxMTIwMTMxNTExWjAZMRcwFQYDVQQDDA5rdWJlLWFwaXNlcnZlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNRF5s625q/lf7mMxK3CWfsF/sJSbTiUplwYTE6/6gDrN5gxWHUpM89ow5oT7ANtW+ku6FsjQTtpdTCGV2mBzGKjUDBOMB0GA1UdDgQWBBTnLAWhhDKfWUCG47sE4uf8bHWIKDAfBgNVHSMEGDAWgBTnLAWhhDKfWUCG47sE4uf8bHWIKDAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0cAMEQCIGFDqCnnCIYDLgYtcrjBq2/g6aG7DY4ify1lYX3YoKR8AiABg1SDJglm5DAJyE3Pud5WCLMEf1MC0tSTWBZzHpGQ8w=='

/** Until when it is valid, in milliseconds since 1970. */
export const VALID_UNTIL_MS = Date.parse('Nov 20 13:15:11 2036 GMT')

/** Lines of the fact `certificates`: paths, and when each was written (seconds since 1970). */
export function certificateLines(files: Readonly<Record<string, number>>): string {
  return Object.entries(files)
    .map(([path, written]) => `all\tcertificate\t${path}\t${written}\t${DER}\n`)
    .join('')
}
