/** What the sandbox rebuilt of a request whose signature did not fit. */
export interface SignatureEvidence {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
}

export interface RefusalDetails {
  readonly status: number;
  /** `AccessDeniedException`: what the client is told. */
  readonly code: string;
  readonly message: string;
  /** What was wrong, more exactly than the service would say: lower case, no full stop. Never told to the client. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of an error document. */
  readonly body?: string;
  readonly evidence?: SignatureEvidence;
}

/** Thrown wherever a request is found wanting; the server turns it into an answer and a line of the log. */
export class ServiceRefusal extends Error {
  override readonly name = 'Refusal';
  readonly details: RefusalDetails;

  constructor(details: RefusalDetails) {
    super(details.message);
    this.details = details;
  }
}
