/** Something is not accepted: a stable code, and one sentence for people. */
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.name = "Refusal";
    this.code = code;
  }
}

/** This browser cannot check signatures. It says nothing of what was to be checked. */
export class Unable extends Error {
  constructor(message) {
    super(message);
    this.name = "Unable";
  }
}

/** The value that was made, or nothing where making it was refused. Other errors pass. */
export async function orNothing(make) {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
