"""The resources as Kubernetes reads them: CustomResourceDefinitions made from the pydantic models.

One definition, so that what users may write and what the operator reads cannot drift apart. `schema` turns a model into
a structural schema and refuses what it cannot say, `kinds` adds what a model does not know (short names, columns),
`document` puts both together, `reference` writes them for people.
"""
