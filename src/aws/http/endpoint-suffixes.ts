/** DNS suffixes by partition: that of its standard and FIPS hosts, and that of its dual-stack ones. */
export const suffixes: ReadonlyMap<string, readonly [standard: string, dualStack: string]> = new Map([
  ['aws', ['amazonaws.com', 'api.aws']],
  ['aws-cn', ['amazonaws.com.cn', 'api.amazonwebservices.com.cn']],
  ['aws-us-gov', ['amazonaws.com', 'api.aws']],
  ['aws-iso', ['c2s.ic.gov', 'api.aws.ic.gov']],
  ['aws-iso-b', ['sc2s.sgov.gov', 'api.aws.scloud']],
  ['aws-iso-e', ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk']],
  ['aws-iso-f', ['csp.hci.ic.gov', 'api.aws.hci.ic.gov']],
  ['aws-eusc', ['amazonaws.eu', 'api.amazonwebservices.eu']],
]);
