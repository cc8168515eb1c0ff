/** Files that exist for tests: their own rules are looser, and no other file may import them. */
const TESTS = [
  "\\.(test|contract|suite|bench)\\.ts$",
  "^test/",
  "^(libs|services)/[^/]+/bench/",
  "(^|/)testing(/|\\.ts$)",
  "^libs/testing/",
];
const PACKAGE = "^(libs|services|deploy|test)/([^/]+)/";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      comment:
        "Files that import each other can only be understood, tested and moved together: cut the part both need into a file of its own.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "nothing-unresolved",
      comment: "An import that resolves to nothing fails at run time, and every other rule here is blind to it.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-test-code-in-product",
      comment: "Code that runs in production never loads test files or development dependencies.",
      severity: "error",
      from: { path: "^(libs|services|deploy)/[^/]+/src/", pathNot: TESTS },
      to: { path: "\\.(test|contract|suite|bench)\\.ts$" },
    },
    {
      name: "product-declares-what-it-uses",
      comment: "A package can be deployed with its own dependencies alone: none is undeclared, and none is there for development only.",
      severity: "error",
      from: { path: "^(libs|services|deploy)/[^/]+/src/", pathNot: TESTS },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "services-do-not-import-each-other",
      comment:
        "Services agree through commands and events only; an import would tie their releases, their tables and their failures together.",
      severity: "error",
      from: { path: "^services/([^/]+)/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "only-deploy-and-test-import-services",
      comment: "Libraries and contracts are below services: what both need moves down into a library.",
      severity: "error",
      from: { pathNot: ["^services/", "^deploy/", "^test/"] },
      to: { path: "^services/" },
    },
    {
      name: "libraries-know-no-deployment",
      comment: "Libraries and contracts must not know how, or under which test, they are run.",
      severity: "error",
      from: { path: "^(libs|proto)/" },
      to: { path: "^(deploy|test)/" },
    },
    {
      name: "services-know-no-deployment",
      comment: "A service is the same code in one process and in its own pod: only the layer above it knows which.",
      severity: "error",
      from: { path: "^services/" },
      to: { path: "^(deploy|test)/" },
    },
    {
      name: "contracts-stand-alone",
      comment: "Generated contracts depend on the protobuf runtime only, so that any package may use them.",
      severity: "error",
      from: { path: "^proto/" },
      to: { pathNot: ["^proto/", "node_modules/@bufbuild/protobuf/"] },
    },
    {
      name: "domain-is-pure",
      comment:
        "Rules that decide who may do what import nothing but other rules of the same service: no Node.js, no npm, no I/O, no wire types.",
      severity: "error",
      from: { path: "^services/([^/]+)/src/domain/", pathNot: TESTS },
      to: { pathNot: "^services/$1/src/domain/" },
    },
    {
      name: "rules-before-wires",
      comment: "Use cases, workflows and projections name the ports they need; adapters implement them, and only the wiring knows both.",
      severity: "error",
      from: { path: "^services/([^/]+)/src/(usecases|workflows|projections)/", pathNot: TESTS },
      to: { path: "^services/$1/src/adapters/" },
    },
    {
      name: "decide-and-evolve-are-pure",
      comment:
        "Everything a decide.ts or evolve.ts reaches lies in its own folder or in the domain: replaying the log must give the same bytes.",
      severity: "error",
      from: { path: "^(.+)/src/(.+)/(decide|evolve)\\.ts$" },
      to: { reachable: true, pathNot: ["^$1/src/domain/", "^$1/src/$2/"] },
    },
    {
      name: "decide-and-evolve-in-lib-are-pure",
      comment: "The same for a decide.ts or evolve.ts directly under src.",
      severity: "error",
      from: { path: "^(.+)/src/(decide|evolve)\\.ts$" },
      to: { reachable: true, pathNot: ["^$1/src/"] },
    },
    {
      name: "packages-by-their-door",
      comment:
        "Other packages are used through src/index.ts, so that everything behind it can change freely. Fuzzing takes each parser by itself, behind every door.",
      severity: "error",
      from: { path: PACKAGE, pathNot: "^test/fuzz/" },
      to: {
        path: PACKAGE,
        pathNot: [
          "^$1/$2/",
          "/src/index\\.ts$",
          "/src/testing(/index)?\\.ts$",
          "^libs/testing/src/(certificates|machine-node|tcp-proxy)\\.ts$",
        ],
      },
    },
    {
      name: "testing-door-from-tests-only",
      comment: "What a package offers at ./testing (fakes, contract suites) is for tests.",
      severity: "error",
      from: { path: PACKAGE, pathNot: TESTS },
      to: { path: "/src/testing(/index)?\\.ts$" },
    },
    {
      name: "wire-types-in-adapters-only",
      comment: "Generated types stop at the adapters: they are converted once, on entry, so that a wire change never reaches a rule.",
      severity: "error",
      from: { path: "^services/[^/]+/src/", pathNot: ["^services/[^/]+/src/adapters/", ...TESTS] },
      to: { path: "^proto/gen/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Other people's engines, with a package file of their own: installed by the bench that needs them, and no part of the product.
    exclude: { path: "^test/bench/peers/" },
    tsConfig: { fileName: "tsconfig.json" },
    // Type-only imports count: a type is a dependency too.
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types", "default"] },
  },
};
