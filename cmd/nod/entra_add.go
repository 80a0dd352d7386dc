package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/entra"
)

func newEntraAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Register a tenant of Microsoft Entra",
		Long: `Register a tenant of Microsoft Entra, and print what Entra wants to know.

--tenant is the id of the directory, --app-id that of the application in it that stands
for nod, and --client-id whatever Entra is to call itself here. --authority and
--reply-url replace Microsoft's addresses in rehearsals, and have to be on this machine.

With --enrol people who are not linked yet may link themselves at their first sign-in, by
a code that "nod entra code" makes.`,
		Example: `  nod entra add contoso --tenant 9122040d-6c67-4c5b-b112-36a304b66dad --app-id 600b719b-3766-4dc5-95a6-3c4a8dc31885 --client-id nod
  nod entra add agency --cloud usgov --tenant TID --app-id APPID --client-id nod --enrol --json`,
		Args: arguments("NAME"),
		RunE: onInstallation(mustExist, addEntra),
	}
	cmd.Flags().String("tenant", "", "the directory (tenant) `id`")
	cmd.Flags().String("app-id", "", "the application (client) `id` of the application in Entra")
	cmd.Flags().String("client-id", "", "the `id` by which Entra calls itself here")
	cmd.Flags().String("cloud", string(entra.Global), "which Microsoft it is: global, usgov or china")
	cmd.Flags().String("authority", "", "a `URL` on this machine in place of the cloud's, for rehearsals")
	cmd.Flags().String("reply-url", "", "a `URL` on this machine in place of the cloud's, for rehearsals")
	cmd.Flags().Bool("enrol", false, "let people link themselves at their first sign-in, by a code")
	for _, name := range []string{"tenant", "app-id", "client-id"} {
		_ = cmd.MarkFlagRequired(name) // it was defined above
	}
	return bindJSON(cmd)
}

func addEntra(v *verb) error {
	room, err := v.entra()
	if err != nil {
		return err
	}
	t, err := room.Add(v.ctx, entra.Tenant{
		Name: v.args[0], TenantID: v.text("tenant"), AppID: v.text("app-id"), ClientID: v.text("client-id"),
		Cloud: entra.Cloud(v.text("cloud")), Authority: v.text("authority"), Reply: v.text("reply-url"), Enrol: v.on("enrol"),
	})
	if err != nil {
		return err
	}
	view := viewEntra(t, room.PublicURL)
	return v.show(view, func(w io.Writer) {
		fmt.Fprintf(w, "Added %s. In the Microsoft Entra admin center:\n\n", plain(t.Name))
		fmt.Fprintf(w, "1. App registrations, the application %s: under Authentication add the redirect URI\n     %s\n", plain(t.AppID), view.Authorization)
		fmt.Fprintf(w, "2. The same application: under API permissions add openid and profile of Microsoft Graph,\n   and grant admin consent.\n")
		fmt.Fprintf(w, "3. Authentication methods, Add external method:\n     Client ID           %s\n     Discovery Endpoint  %s\n     App ID              %s\n",
			plain(t.ClientID), view.Discovery, plain(t.AppID))
		fmt.Fprintf(w, "4. Enable the method for a group of people to try it with.\n")
		fmt.Fprintf(w, "5. Conditional Access: a policy that grants access with \"Require multifactor authentication\".\n   An authentication strength does not take an external method.\n\n")
		fmt.Fprintf(w, "Then link the people: nod entra import %s FILE.csv --dry-run\nAnd look whether all is well: nod entra doctor %s\n", plain(t.Name), plain(t.Name))
	})
}
