// What global-setup.ts hands to the test files.
declare module "vitest" {
  export interface ProvidedContext {
    postgresUrl: string;
    natsUrl: string;
  }
}

export {};
